import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { PageInBrowser } from "./page-in-browser.ts";

describe("what is wrong with a form is said in Spanish to who reads Spanish", { skip: skipUnless("browser") }, () => {
  const at = new PageInBrowser();

  test("of a rule about brought programs: its row, its field, and its line", async () => {
    at.hub.driftPolicy = { rules: [{ name: "shop", action: "alert" }] };
    const page = await at.open("/drift", { locale: "es-ES" });
    const rule = page.getByRole("listitem", { name: "Regla 1: shop" });
    await rule.getByLabel("Espacios de nombres").fill(`shop\n${"x".repeat(513)}`);
    const said = "Regla 1 (shop): Espacios de nombres, línea 2: tiene más de 512 caracteres";
    await page.getByRole("alert").getByText(said, { exact: true }).waitFor();
    assert.deepEqual(page.complaints, []);
  });

  test("of two scopes of the recorder", async () => {
    at.hub.recorderPolicy = { scopes: [{ name: "shop" }, { name: "bank" }] };
    const page = await at.open("/recorder", { locale: "es-ES" });
    const scope = page.getByRole("listitem", { name: "Ámbito 2: bank" });
    await scope.getByLabel("Etiquetas (clave=patrón)").fill("app");
    const noKey = "Etiquetas (clave=patrón), app: no es la clave de una etiqueta; cada línea es clave=patrón";
    await page.getByRole("alert").getByText(`Ámbito 2 (bank): ${noKey}`, { exact: true }).waitFor();
    await scope.getByLabel("Etiquetas (clave=patrón)").fill("");
    await scope.getByLabel("Nombre", { exact: true }).fill("shop");
    await page.getByRole("alert").getByText("dos ámbitos tienen el mismo nombre", { exact: true }).waitFor();
  });

  test("of the notification, also where the hub alone knows what is wrong", async () => {
    const page = await at.open("/settings", { locale: "es-ES" });
    await page.locator("input[type=url]").fill("ftp://x");
    await page.getByText("Escriba una dirección que empiece por http:// o https://").waitFor();
    await page.locator("input[type=url]").fill("https://hooks.example.org/x");
    await page.locator(".mono-input input").fill("/etc/cron.d/x");
    await page.getByRole("button", { name: "Guardar" }).click();
    await page.getByText("El archivo es un nombre sin ruta, como alerts.jsonl").waitFor();
    assert.equal(at.hub.notification.file, null);
  });
});
