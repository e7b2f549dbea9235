// A photo from the webcam: nothing is recorded or sent before somebody presses the button.

import { h } from "./dom.js";
import { dialog } from "./saving.js";

/**
 * Ask for a photo; resolves to a file, or null if nobody took one.
 * Where a page may not use the camera, a phone's own camera answers the file field `lens` instead.
 */
export async function takePhoto(lens) {
  if (!navigator.mediaDevices && matchMedia("(pointer: coarse)").matches) {
    lens.click();
    return null;
  }
  const video = h("video", { autoplay: true, playsInline: true, muted: true, "aria-label": "What the camera sees", class: "camera" });
  const said = h("p", { role: "status", class: "small" }, "Waiting for the camera …");
  const shoot = h("button", { type: "button", class: "main", disabled: true }, "Take the photo");
  const box = dialog("Take a photo", video, said, shoot);
  return new Promise((resolve) => {
    let stream = null;
    box.addEventListener("close", () => {
      stream?.getTracks().forEach((track) => track.stop());
      resolve(null);
    });
    shoot.addEventListener("click", async () => {
      resolve(await frame(video));
      box.close();
    });
    start(video).then((given) => {
      stream = given;
      if (!box.isConnected) return stream.getTracks().forEach((track) => track.stop());
      said.textContent = "Look into the camera. The photo stays on this server.";
      shoot.disabled = false;
      shoot.focus();
    }, (error) => (said.textContent = refused(error)));
  });
}

async function start(video) {
  if (!navigator.mediaDevices) throw new Error("insecure");
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user", width: { ideal: 1920 }, height: { ideal: 1080 } } });
  video.srcObject = stream;
  await video.play();
  return stream;
}

function refused(error) {
  if (error.message === "insecure") return "Browsers allow the camera only on this machine's own address or over HTTPS. Choose a picture instead.";
  if (error.name === "NotAllowedError") return "The camera was not allowed. Allow it in the browser's address bar, or choose a picture instead.";
  if (error.name === "NotFoundError") return "There is no camera. Choose a picture instead.";
  return "The camera cannot be used: another program may have it. Close that, or choose a picture instead.";
}

async function frame(video) {
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext("2d").drawImage(video, 0, 0);
  return new File([await canvas.convertToBlob({ type: "image/png" })], "photo.png", { type: "image/png" });
}
