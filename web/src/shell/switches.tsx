import { SegmentedControl, useMantineColorScheme } from "@mantine/core";
import type { ReactElement } from "react";
import { languages, setLanguage, useLanguage, useText } from "../text/language.ts";

const languageNames = { en: "English", es: "Español" } as const;

/** Language and appearance; both are remembered in this browser. */
export function Switches(): ReactElement {
  const text = useText();
  const language = useLanguage();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <div className="switches">
      <SegmentedControl
        size="xs"
        fullWidth
        aria-label={text.shell.language}
        value={language}
        onChange={(value) => setLanguage(languages.find((one) => one === value) ?? "en")}
        data={languages.map((value) => ({ value, label: languageNames[value] }))}
      />
      <SegmentedControl
        size="xs"
        fullWidth
        aria-label={text.shell.scheme}
        value={colorScheme}
        onChange={(value) => setColorScheme(value === "light" || value === "dark" ? value : "auto")}
        data={[
          { value: "auto", label: text.shell.system },
          { value: "light", label: text.shell.light },
          { value: "dark", label: text.shell.dark },
        ]}
      />
    </div>
  );
}
