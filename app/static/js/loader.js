// htmx once the page stands: from the CDN, or our own copy when the CDN is off, blocked, changed, or silent.
// A plain <script> would wait for a silent host and keep the page waiting with it.
(function () {
  "use strict";
  const { cdn, own, integrity, patience } = document.currentScript.dataset;

  function add(address) {
    const script = document.createElement("script");
    script.src = address;
    script.integrity = integrity;
    script.crossOrigin = "anonymous";
    if (address !== own) script.onerror = () => add(own);
    document.head.append(script);
  }

  // Between DOMContentLoaded and load, htmx would start and stay dead (htmx #2264). A slow machine first shows the page.
  const whenIdle = window.requestIdleCallback || setTimeout;
  function afterLoad(address) {
    const soon = () => whenIdle(() => add(address), { timeout: 500 });
    if (document.readyState === "complete") soon();
    else addEventListener("load", soon, { once: true });
  }

  if (!cdn) return afterLoad(own);
  const giveUp = new AbortController();
  const clock = setTimeout(() => giveUp.abort(), Number(patience));
  fetch(cdn, { integrity, mode: "cors", credentials: "omit", signal: giveUp.signal })
    .then((answer) => answer.ok ? answer.arrayBuffer() : Promise.reject(answer.status))
    .then(() => afterLoad(cdn), () => afterLoad(own))
    .finally(() => clearTimeout(clock));
})();
