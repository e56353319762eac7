/* Small helps on top of pages that work without them. Everything is bound to the document, so that what htmx brings in
   later is covered as well. */
(function () {
  "use strict";
  var root = document.documentElement;

  function all(selector, within) {
    return Array.prototype.slice.call((within || document).querySelectorAll(selector));
  }
  function remember(name, value) {
    try { window.localStorage.setItem(name, value); } catch (e) { /* private mode: the choice lasts for this page */ }
  }
  function typing(target) {
    return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
  }

  /* --- navigation folded or not */
  function fold(small) {
    root.classList.toggle("nav-small", small);
    all("[data-nav-toggle]").forEach(function (button) { button.setAttribute("aria-expanded", String(!small)); });
    all(".nav-small .side a").forEach(function (a) { a.title = a.textContent.trim(); });
  }
  if (root.classList.contains("nav-small")) { fold(true); }

  /* --- panels of acts: one open at a time, kept inside the window */
  function place(details) {
    var panel = details.querySelector(".act-panel");
    if (!panel) { return; }
    panel.classList.remove("is-right");
    if (panel.getBoundingClientRect().right > root.clientWidth - 8) { panel.classList.add("is-right"); }
    var field = panel.querySelector("[aria-invalid], textarea, input:not([type=hidden]), select");
    if (field) { field.focus({ preventScroll: false }); }
    /* Its button must not lie below the window's edge; on phones the panel is fixed to the bottom anyway. */
    var box = panel.getBoundingClientRect();
    var below = box.bottom + 12 - window.innerHeight;
    if (below > 0 && window.getComputedStyle(panel).position === "absolute") {
      window.scrollBy(0, Math.min(below, box.top - 130));
    }
  }
  function shut(details) {
    if (!details.open) { return; }
    details.open = false;
    details.querySelector("summary").focus();
  }
  document.addEventListener("toggle", function (event) {
    var details = event.target;
    root.classList.toggle("act-open", Boolean(document.querySelector("[data-act][open]")));
    if (!details.open || !details.matches("[data-act], [data-menu]")) { return; }
    all("[data-act][open], [data-menu][open]").forEach(function (other) {
      if (other !== details) { other.open = false; }
    });
    if (details.matches("[data-act]")) { place(details); }
  }, true);

  document.addEventListener("click", function (event) {
    var target = event.target;
    if (!(target instanceof Element)) { return; }
    all("[data-menu][open], .filters-more[open]").forEach(function (menu) {
      if (!menu.contains(target)) { menu.open = false; }
    });
    if (target.closest("[data-nav-toggle]")) {
      var small = !root.classList.contains("nav-small");
      fold(small);
      remember("anju-nav", small ? "small" : "wide");
    }
    if (target.closest("[data-print]")) { window.print(); }
    if (target.closest("[data-back]")) { window.history.length > 1 ? window.history.back() : window.location.assign("/"); }
    if (target.closest("[data-act-close]")) { shut(target.closest("details")); }
    var phrase = target.closest("[data-phrase]");
    if (phrase) {
      var box = document.getElementById(phrase.dataset.phrase);
      if (box) {
        box.value = box.value.trim() ? box.value.trim() + "\n" + phrase.textContent.trim() : phrase.textContent.trim();
        box.dispatchEvent(new Event("input", { bubbles: true }));
        box.focus();
      }
    }
    var photo = target.closest("a[data-zoom]");
    if (photo && !event.ctrlKey && !event.metaKey && "HTMLDialogElement" in window) {
      event.preventDefault();
      zoom(photo);
    }
  });

  /* --- a photo as large as the window, with its neighbours */
  function zoom(link) {
    var links = all("a[data-zoom]", link.closest("[data-gallery], .timeline-photos, .photos") || document);
    var at = links.indexOf(link);
    var dialog = document.createElement("dialog");
    var picture = document.createElement("img");
    dialog.className = "zoom";
    dialog.appendChild(picture);
    function show(step) {
      at = (at + step + links.length) % links.length;
      var small = links[at].querySelector("img");
      picture.src = links[at].href;
      picture.alt = small ? small.alt : "";
      dialog.setAttribute("aria-label", picture.alt);
    }
    function button(kind, sign, act) {
      var made = document.createElement("button");
      made.type = "button";
      made.className = "zoom-" + kind;
      made.textContent = sign;
      made.addEventListener("click", act);
      dialog.appendChild(made);
      return made;
    }
    button("close", "✕", function () { dialog.close(); }).setAttribute("aria-label", "Esc");
    if (links.length > 1) {
      button("prev", "‹", function () { show(-1); }).setAttribute("aria-label", "←");
      button("next", "›", function () { show(1); }).setAttribute("aria-label", "→");
    }
    dialog.addEventListener("keydown", function (event) {
      if (event.key === "ArrowLeft") { show(-1); }
      if (event.key === "ArrowRight") { show(1); }
    });
    picture.addEventListener("click", function () { dialog.close(); });
    dialog.addEventListener("close", function () { dialog.remove(); link.focus(); });
    document.body.appendChild(dialog);
    show(0);
    dialog.showModal();
  }

  /* --- keyboard: / searches, j and k move along the rows, Esc closes */
  var here = -1;
  function move(step) {
    var rows = all("[data-row]");
    if (!rows.length) { return; }
    if (rows[here]) { rows[here].classList.remove("is-here"); }
    here = Math.max(0, Math.min(rows.length - 1, here + step));
    rows[here].classList.add("is-here");
    var link = rows[here].querySelector("a") || rows[here];
    link.focus({ preventScroll: true });
    rows[here].scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") {
      all("[data-act][open], [data-menu][open], .filters-more[open]").forEach(shut);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) { return; }
    if (event.key === "/") {
      var search = document.querySelector("[data-search]") || document.querySelector("[data-global-search]");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    } else if (event.key === "j") { move(1);
    } else if (event.key === "k") { move(-1);
    } else if (event.key === "x" && here >= 0) {
      var tick = all("[data-row]")[here].querySelector("[data-select]");
      if (tick) { tick.click(); }
    }
  });

  /* --- acts on several rows */
  function count() {
    var ticks = all("[data-select]");
    var on = ticks.filter(function (tick) { return tick.checked; }).length;
    all("[data-bulk]").forEach(function (bar) {
      bar.classList.toggle("is-on", on > 0);
      all("[data-bulk-count]", bar).forEach(function (place) { place.textContent = on; });
    });
    all("[data-select-all]").forEach(function (box) {
      box.checked = on > 0 && on === ticks.length;
      box.indeterminate = on > 0 && on < ticks.length;
    });
  }
  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-select-all]")) {
      all("[data-select]").forEach(function (tick) { tick.checked = event.target.checked; });
    }
    if (event.target.matches("[data-select], [data-select-all]")) { count(); }
  });

  /* --- a form is sent once; the key in it makes a repeat harmless anyway */
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (!form.matches("[data-once]") || event.defaultPrevented) { return; }
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    all("button:not([type=button])", form).forEach(function (button) {
      button.classList.add("is-busy");
      button.setAttribute("aria-busy", "true");
    });
  });
  window.addEventListener("pageshow", function () {
    all("form[data-sent]").forEach(function (form) {
      delete form.dataset.sent;
      all(".is-busy", form).forEach(function (b) { b.classList.remove("is-busy"); b.removeAttribute("aria-busy"); });
    });
    count();
  });

  /* --- how many characters are left */
  document.addEventListener("input", function (event) {
    var box = event.target;
    if (!box.matches("textarea[data-count]")) { return; }
    var counter = box.nextElementSibling;
    if (!counter || !counter.classList.contains("counter")) {
      counter = document.createElement("p");
      counter.className = "counter";
      box.insertAdjacentElement("afterend", counter);
    }
    counter.textContent = box.value.length + " / " + box.maxLength;
  });

  /* Paper shows how a deadline was derived even where the screen has it folded. */
  window.addEventListener("beforeprint", function () {
    all(".derivation").forEach(function (details) { details.open = true; });
  });

  function ready(within) {
    /* A frame that does not scroll need not be a stop of the Tab key. */
    all(".table-frame[tabindex]", within).forEach(function (frame) {
      if (frame.scrollWidth <= frame.clientWidth + 1) { frame.removeAttribute("tabindex"); }
    });
    all("[data-act][open]", within).forEach(place);
    var summary = document.querySelector("[data-focus]");
    if (summary && !document.querySelector("[data-calm]")) { summary.focus(); }
    count();
  }
  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", function () { ready(document); });
  } else { ready(document); }
  document.addEventListener("htmx:load", function (event) { ready(event.target); });
  /* A refusal (4xx) carries its sentence: htmx shall show it instead of dropping it. */
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (event.detail.xhr.status >= 400 && event.detail.xhr.status < 500) { event.detail.shouldSwap = true; }
  });
})();
