import { Button, Checkbox, createTheme, Switch } from "@mantine/core";

const sans = '"Inter Variable", system-ui, sans-serif';

/** Mantine's parts in our clothes: ink for what is primary; colour is kept for severity. */
export const theme = createTheme({
  fontFamily: sans,
  fontFamilyMonospace: '"JetBrains Mono Variable", ui-monospace, monospace',
  headings: { fontFamily: sans },
  fontSizes: { xs: "12px", sm: "13px", md: "14px", lg: "16px", xl: "20px" },
  defaultRadius: 8,
  cursorType: "pointer",
  respectReducedMotion: true,
  focusRing: "auto",
  primaryColor: "ink",
  primaryShade: { light: 8, dark: 1 },
  autoContrast: true,
  colors: {
    dark: [
      "#e8e8e4",
      "#c9cbc9",
      "#9ba1ab",
      "#6b727c",
      "#3b4048",
      "#2a2e34",
      "#15181c",
      "#1a1d21",
      "#121417",
      "#0d0f11",
    ],
    gray: [
      "#f6f6f3",
      "#f0f0ea",
      "#e3e3dd",
      "#dcdcd5",
      "#cfcfc7",
      "#b5b6b2",
      "#80848a",
      "#5f646c",
      "#3c4047",
      "#1c1e21",
    ],
    ink: ["#f4f4f1", "#e8e8e4", "#d3d3cd", "#b5b6b2", "#969ca6", "#757a83", "#62676f", "#3c4047", "#1c1e21", "#121417"],
  },
  components: {
    // The filled parts are ink, which is dark in light and light in dark: what stands on them is the panel's colour.
    Button: Button.extend({
      defaultProps: { size: "xs" },
      vars: (_theme, { variant = "filled" }) => ({
        root: variant === "filled" ? { "--button-color": "var(--panel)" } : {},
      }),
    }),
    Checkbox: Checkbox.extend({ vars: () => ({ root: { "--checkbox-icon-color": "var(--panel)" } }) }),
    Switch: Switch.extend({ defaultProps: { withThumbIndicator: false } }),
    Tooltip: { defaultProps: { openDelay: 350, withArrow: true, fz: 12 } },
    Modal: {
      defaultProps: {
        centered: true,
        radius: 12,
        overlayProps: { backgroundOpacity: 0.32 },
        transitionProps: { duration: 120, transition: "fade" },
      },
    },
  },
});
