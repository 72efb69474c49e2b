/** The service worker: keeps the app for offline, shows pushes. A new version waits until somebody wants it. */
import { texts } from "./texts";
import { say } from "./ui/toast";

export function registerWorker(): void {
  if (!("serviceWorker" in navigator) || import.meta.env.DEV) return;
  let reloading = false;
  const had = navigator.serviceWorker.controller !== null;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (!had || reloading) return;
    reloading = true;
    location.reload();
  });
  navigator.serviceWorker.addEventListener("message", (event: MessageEvent<{ open?: string }>) => {
    if (event.data.open) location.hash = event.data.open;
  });
  navigator.serviceWorker.register("sw.js").then(
    (registration) => {
      offer(registration);
      registration.addEventListener("updatefound", () => {
        registration.installing?.addEventListener("statechange", () => offer(registration));
      });
    },
    () => undefined, // a private window without service workers: the app works online
  );
}

function offer(registration: ServiceWorkerRegistration): void {
  const { waiting } = registration;
  if (!waiting || !navigator.serviceWorker.controller) return;
  const run = () => waiting.postMessage("take over");
  say(texts.update, { stays: true, action: { label: texts.reload, run } });
}
