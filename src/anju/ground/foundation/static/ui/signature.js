/* A signature drawn with a finger. The picture goes with the form as a PNG file; without a canvas the typed name alone is
   sent. `drawable` says that there was a canvas, so that the server can ask about an empty one. */
(function () {
  "use strict";
  function start(box) {
    var canvas = box.querySelector("canvas");
    var input = box.querySelector("input[type=file]");
    var form = box.closest("form");
    if (!canvas || !canvas.getContext || !canvas.toBlob || typeof DataTransfer === "undefined" || box.dataset.ready) {
      return;
    }
    box.dataset.ready = "1";
    canvas.hidden = false;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", box.dataset.textLabel);
    var able = document.createElement("input");
    able.type = "hidden";
    able.name = "drawable";
    able.value = "1";
    form.appendChild(able);
    var pen = canvas.getContext("2d");
    var drawn = false;
    var last = null;

    function blank() {
      pen.fillStyle = "#fff";
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.strokeStyle = "#10243f";
      pen.lineWidth = 5;
      pen.lineCap = pen.lineJoin = "round";
      drawn = false;
      input.value = "";
    }
    function at(event) {
      var frame = canvas.getBoundingClientRect();
      return {
        x: (event.clientX - frame.left) * canvas.width / frame.width,
        y: (event.clientY - frame.top) * canvas.height / frame.height
      };
    }
    canvas.addEventListener("pointerdown", function (event) {
      event.preventDefault();
      if (canvas.setPointerCapture) { canvas.setPointerCapture(event.pointerId); }
      last = at(event);
    });
    canvas.addEventListener("pointermove", function (event) {
      if (!last) { return; }
      var here = at(event);
      pen.beginPath();
      pen.moveTo(last.x, last.y);
      pen.lineTo(here.x, here.y);
      pen.stroke();
      last = here;
      drawn = true;
    });
    ["pointerup", "pointercancel"].forEach(function (name) {
      canvas.addEventListener(name, function () { last = null; });
    });
    var again = document.createElement("button");
    again.type = "button";
    again.className = "button button-plain";
    again.textContent = box.dataset.textClear;
    again.addEventListener("click", blank);
    canvas.insertAdjacentElement("afterend", again);
    blank();

    form.addEventListener("submit", function (event) {
      if (!drawn || input.files.length || form.dataset.drawn) { return; }
      event.preventDefault();
      event.stopPropagation();
      form.dataset.drawn = "1";
      canvas.toBlob(function (blob) {
        if (blob) {
          var carrier = new DataTransfer();
          carrier.items.add(new File([blob], "signature.png", { type: "image/png" }));
          input.files = carrier.files;
        }
        form.requestSubmit();
      }, "image/png");
    }, true);
    window.addEventListener("pageshow", function () { delete form.dataset.drawn; });
  }
  function ready() { Array.prototype.forEach.call(document.querySelectorAll("[data-signature]"), start); }
  if (document.readyState === "loading") { document.addEventListener("DOMContentLoaded", ready); } else { ready(); }
})();
