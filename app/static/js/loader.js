// htmx from the CDN, or our own copy when the CDN is blocked, changed, or silent.
// A plain <script> would wait for a silent host and keep the page waiting with it.
(function () {
  "use strict";
  const { cdn, own, integrity, patience } = document.currentScript.dataset;
  if (!own) return; // the page loads our copy by itself

  function add(address) {
    const script = document.createElement("script");
    script.src = address;
    script.integrity = integrity;
    script.crossOrigin = "anonymous";
    if (address !== own) script.onerror = () => add(own);
    document.head.append(script);
  }

  // Between DOMContentLoaded and load, htmx would start and stay dead (htmx #2264).
  function afterLoad(address) {
    if (document.readyState === "complete") add(address);
    else addEventListener("load", () => add(address), { once: true });
  }

  const giveUp = new AbortController();
  const clock = setTimeout(() => giveUp.abort(), Number(patience));
  fetch(cdn, { integrity, mode: "cors", credentials: "omit", signal: giveUp.signal })
    .then((answer) => answer.ok ? answer.arrayBuffer() : Promise.reject(answer.status))
    .then(() => afterLoad(cdn), () => afterLoad(own))
    .finally(() => clearTimeout(clock));
})();
