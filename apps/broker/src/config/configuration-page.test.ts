import { expect, it } from "vitest";
import { configurationPage } from "./configuration-page.ts";

it("docs/configuration.md says what the definition tables say", async () => {
  await expect(configurationPage()).toMatchFileSnapshot("../../../../docs/configuration.md");
});
