/* Chosen photos are shown before they are sent, can be taken back one by one, and only very large ones are made smaller:
   drawing a photo anew loses its EXIF time and place, so the original is sent whenever it is not larger than 8 MB. */
(function () {
  "use strict";
  var LARGE = 8 * 1024 * 1024;
  var EDGE = 2000;

  function size(bytes) {
    return bytes < 1048576 ? Math.max(1, Math.round(bytes / 1024)) + " KB" : (bytes / 1048576).toFixed(1) + " MB";
  }

  function smaller(file) {
    if (file.size <= LARGE || !/^image\/(jpeg|png|webp)$/.test(file.type) || !window.createImageBitmap) {
      return Promise.resolve(file);
    }
    return window.createImageBitmap(file).then(function (picture) {
      var scale = Math.min(1, EDGE / Math.max(picture.width, picture.height));
      var canvas = document.createElement("canvas");
      canvas.width = Math.round(picture.width * scale);
      canvas.height = Math.round(picture.height * scale);
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      return new Promise(function (resolve) {
        canvas.toBlob(function (blob) {
          if (!blob || blob.size >= file.size) { resolve(file); return; }
          var made = new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg", lastModified: file.lastModified });
          made.shrunk = true;
          resolve(made);
        }, "image/jpeg", 0.88);
      });
    }).catch(function () { return file; });
  }

  function start(box) {
    var input = box.querySelector("input[type=file]");
    var list = box.querySelector(".upload-list");
    if (!input || !list || box.dataset.ready || typeof DataTransfer === "undefined") { return; }
    box.dataset.ready = "1";
    var most = Number(box.dataset.most) || 9;
    var kept = [];

    function put() {
      var carrier = new DataTransfer();
      kept.forEach(function (file) { carrier.items.add(file); });
      input.files = carrier.files;
      list.textContent = "";
      kept.forEach(function (file, index) {
        var item = document.createElement("li");
        if (/^image\//.test(file.type)) {
          var picture = document.createElement("img");
          picture.alt = "";
          picture.src = URL.createObjectURL(file);
          picture.onload = function () { URL.revokeObjectURL(picture.src); };
          picture.onerror = function () { picture.remove(); };
          item.appendChild(picture);
        }
        var name = document.createElement("span");
        name.className = "name";
        name.textContent = file.name;
        item.appendChild(name);
        item.appendChild(document.createTextNode(size(file.size)));
        var remove = document.createElement("button");
        remove.type = "button";
        remove.textContent = box.dataset.textRemove;
        remove.setAttribute("aria-label", box.dataset.textRemove + " " + file.name);
        remove.addEventListener("click", function () { kept.splice(index, 1); put(); input.focus(); });
        item.appendChild(remove);
        list.appendChild(item);
      });
      if (kept.some(function (file) { return file.shrunk; })) { say(box.dataset.textShrunk); }
    }
    function say(text) {
      var note = document.createElement("li");
      note.className = "upload-note";
      note.textContent = text;
      list.appendChild(note);
    }

    input.addEventListener("change", function () {
      var chosen = Array.prototype.slice.call(input.files);
      var before = input.multiple ? kept : [];
      Promise.all(chosen.map(smaller)).then(function (files) {
        var together = before.concat(files.filter(function (file) {
          return !before.some(function (old) {
            return old.name === file.name && old.size === file.size && old.lastModified === file.lastModified;
          });
        }));
        kept = together.slice(0, input.multiple ? most : 1);
        put();
        if (together.length > kept.length) { say(box.dataset.textMany); }
      });
    });
    ["dragenter", "dragover"].forEach(function (name) {
      box.addEventListener(name, function () { box.querySelector(".upload-drop").classList.add("is-over"); });
    });
    ["dragleave", "drop"].forEach(function (name) {
      box.addEventListener(name, function () { box.querySelector(".upload-drop").classList.remove("is-over"); });
    });
  }

  function ready(within) { Array.prototype.forEach.call(within.querySelectorAll("[data-upload]"), start); }
  if (document.readyState === "loading") { document.addEventListener("DOMContentLoaded", function () { ready(document); }); } else { ready(document); }
  document.addEventListener("htmx:load", function (event) { ready(event.target); });
})();
