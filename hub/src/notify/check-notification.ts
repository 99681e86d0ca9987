import { Fault, type Notification } from "@atalaya/wire";
import { isForbiddenAddress } from "./address-guard.ts";

/**
 * Refuses a setting that could never be used, or could be misused: throws Fault BODY_MALFORMED with what to change; its fact
 * `issue` names that for other languages.
 */
export function checkNotification(wanted: Notification): void {
  if (wanted.url !== "" || wanted.enabled) webhookUrl(wanted.url);
  // A file of any name would let an account of the hub append to any file of the hub's user.
  if (wanted.file !== null && !/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(wanted.file)) {
    throw new Fault(
      "BODY_MALFORMED",
      "The file is a plain name, like alerts.jsonl: it lies in out/ in the data folder",
      { issue: "file_name" },
    );
  }
}

/** The webhook's address, checked: http or https, no credentials of the clouds behind it. */
export function webhookUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new Fault("BODY_MALFORMED", "The webhook's address must start with https:// or http://", {
      issue: "webhook_scheme",
    });
  }
  if (isForbiddenAddress(url.hostname)) {
    throw new Fault("BODY_MALFORMED", "The webhook's address is link-local or a metadata service; choose another", {
      issue: "webhook_forbidden",
    });
  }
  return url;
}
