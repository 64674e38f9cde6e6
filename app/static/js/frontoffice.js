// What a page cannot do by itself: say that a request failed, put the focus where the news is,
// and not send a form twice. Every page works without it.
(function () {
  "use strict";
  const NO_ANSWER = "The office could not be reached. Check the connection and try again; what you typed is still here.";
  const TOO_SLOW = "That took too long, so we stopped waiting. Check the connection and try again; what you typed is still here.";
  const NOT_UNDERSTOOD = "That did not work. Try again in a minute; what you typed is still here.";
  const PATIENCE = 30000;

  // --- saying it -------------------------------------------------------------------------------
  function say(sentence) {
    const region = document.getElementById("alerts");
    if (!region) return;
    const notice = document.createElement("div");
    notice.className = "notice";
    notice.dataset.tone = "bad";
    const text = document.createElement("p");
    text.className = "notice__body";
    text.textContent = sentence;
    notice.append(text);
    if (region.textContent !== sentence) region.replaceChildren(notice);
    notice.scrollIntoView({ block: "nearest" });
  }

  function sentenceOf(xhr) {
    const answer = new DOMParser().parseFromString(xhr.responseText || "", "text/html");
    const said = answer.querySelector("[data-sentence]");
    return said ? said.textContent : NOT_UNDERSTOOD;
  }

  // What asks again by itself says so once, and takes back only its own words.
  const asksAgain = (element) => (element.getAttribute("hx-trigger") || "").includes("every ");
  let saidByItself = false;

  function failed(event, sentence) {
    saidByItself = asksAgain(event.detail.elt);
    say(sentence);
  }

  document.addEventListener("htmx:responseError", (event) => failed(event, sentenceOf(event.detail.xhr)));
  document.addEventListener("htmx:sendError", (event) => failed(event, NO_ANSWER));
  document.addEventListener("htmx:timeout", (event) => failed(event, TOO_SLOW));
  document.addEventListener("htmx:swapError", (event) => failed(event, NOT_UNDERSTOOD));
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful && (saidByItself || !asksAgain(event.detail.elt))) {
      document.getElementById("alerts").replaceChildren();
    }
  });

  // --- sending once ----------------------------------------------------------------------------
  const isBusy = (form) => form.getAttribute("aria-busy") === "true";

  function busy(form) {
    form.setAttribute("aria-busy", "true");
    for (const button of form.querySelectorAll("button:not([type=button])")) button.setAttribute("aria-disabled", "true");
  }

  function free(form) {
    form.removeAttribute("aria-busy");
    for (const button of form.querySelectorAll("button[aria-disabled]")) button.removeAttribute("aria-disabled");
  }

  function tooMuch(form) {
    for (const input of form.querySelectorAll("input[type=file][data-max-bytes]")) {
      const files = [...input.files], most = Number(input.dataset.maxFiles), largest = Number(input.dataset.maxBytes);
      if (files.length > most) return [input, `Choose at most ${most} files. You chose ${files.length}.`];
      const large = files.find((file) => file.size > largest);
      if (large) return [input, `${large.name} is too large. A file may have at most ${Math.floor(largest / 1048576)} MB.`];
    }
    return null;
  }

  // Before htmx hears of it, and before the browser sends it.
  document.addEventListener("submit", (event) => {
    const form = event.target, problem = tooMuch(form);
    if (!problem && !isBusy(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (problem) { say(problem[1]); problem[0].focus(); }
  }, true);

  // After both: what the browser sends itself is marked once the button's own value is taken along.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method === "get") return;
    setTimeout(() => busy(form));
    setTimeout(() => free(form), PATIENCE);
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    const { elt, xhr, requestConfig } = event.detail;
    if (asksAgain(elt) && document.hidden) return event.preventDefault();
    const form = elt.closest("form");
    if (requestConfig.verb !== "get" && form) busy(form);
    // Pictures on a slow line may take minutes; a sentence may not.
    if (!form || !form.querySelector("input[type=file]")) xhr.timeout = PATIENCE;
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.elt.closest("form");
    if (form) free(form);
  });

  // Back from another page, the browser may show this one as it was left: waiting.
  addEventListener("pageshow", () => document.querySelectorAll("form[aria-busy]").forEach(free));

  // --- where the news is -------------------------------------------------------------------------
  function lookAt(element, how) {
    if (!element.hasAttribute("tabindex")) element.setAttribute("tabindex", "-1");
    element.focus(how);
  }

  // Each piece that came is told of, what stands elsewhere on the page first and the answer itself last.
  let news = [];
  document.addEventListener("htmx:afterSettle", (event) => {
    if (news.push(event.target) === 1) setTimeout(lead);
  });

  function lead() {
    const came = news.filter((one) => one.isConnected);
    news = [];
    const heard = document.getElementById("heard");
    const count = came.map((one) => one.querySelector("caption, .empty__title")).find(Boolean);
    if (heard && count) heard.textContent = count.textContent;
    const problem = came.map((one) => one.matches("[data-focus]") ? one : one.querySelector("[data-focus]")).find(Boolean);
    if (problem) return lookAt(problem);
    // What had the focus is gone: go on from the heading of what came instead, or from its first field.
    if (document.activeElement && document.activeElement !== document.body) return;
    const answer = came.pop();
    const first = answer && answer.querySelector("h1, h2, h3, legend, textarea, input:not([type=hidden])");
    if (answer) lookAt(first || answer, { preventScroll: true }); // the eye is already where the finger was
  }

  // A message far above what one reads comes down to the reader, until the next touch.
  document.addEventListener("htmx:oobAfterSwap", () => {
    const said = document.getElementById("flashes");
    if (said.getBoundingClientRect().bottom > 0 || !said.childElementCount) return;
    said.setAttribute("data-afloat", "");
    setTimeout(() => {
      for (const touch of ["pointerdown", "keydown"]) addEventListener(touch, () => said.removeAttribute("data-afloat"), { once: true });
    }, 1000);
  });

  // --- once, when the page stands ----------------------------------------------------------------
  document.querySelector("main [data-focus]")?.focus();
  for (const here of document.querySelectorAll(".top [aria-current]")) here.closest("ul").scrollLeft = here.offsetLeft - 16;

  // A menu closes when one looks elsewhere.
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.account[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector("details.account[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  });

  // --- written and not sent ------------------------------------------------------------------------
  const written = () => [...document.querySelectorAll("form:not([aria-busy]) textarea")].some((one) => one.value !== one.defaultValue);
  addEventListener("beforeunload", (event) => { if (written()) event.preventDefault(); });
})();
