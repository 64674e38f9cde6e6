// A passkey is asked of the browser when its form is sent; the form then carries what the browser answered.
(function () {
  "use strict";
  const CANNOT = "This browser cannot use passkeys here. Use another way, or another browser.";
  const NONE_CAME = "No passkey was given. Try again, or use another way.";
  const ALREADY = "This device has a passkey of yours already.";

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const keys = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  function ask(form) {
    const asked = JSON.parse(form.dataset.options);
    asked.challenge = bytes(asked.challenge);
    if (form.dataset.passkey === "get") {
      asked.allowCredentials = keys(asked.allowCredentials);
      return navigator.credentials.get({ publicKey: asked });
    }
    asked.user.id = bytes(asked.user.id);
    asked.excludeCredentials = keys(asked.excludeCredentials);
    return navigator.credentials.create({ publicKey: asked });
  }

  function written(key) {
    const { response } = key, said = { clientDataJSON: text(response.clientDataJSON) };
    for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (response[part]) said[part] = text(response[part]);
    }
    if (response.getTransports) said.transports = response.getTransports();
    return JSON.stringify({ id: key.id, rawId: text(key.rawId), type: key.type, response: said, clientExtensionResults: {} });
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const said = form.querySelector("[data-said]"), answer = form.elements.credential;
    const say = (sentence) => { said.textContent = sentence; said.hidden = false; };
    let asking = false;

    form.addEventListener("submit", async (event) => {
      if (answer.value) return;
      event.preventDefault();
      if (asking) return;
      if (!window.PublicKeyCredential) return say(CANNOT);
      said.hidden = asking = true;
      try {
        answer.value = written(await ask(form));
      } catch (error) {
        say(error.name === "InvalidStateError" ? ALREADY : NONE_CAME);
      }
      asking = false;
      if (answer.value) form.requestSubmit();
    });
  }
})();
