import { createTheme } from "@mantine/core";

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
    ink: ["#f4f4f1", "#e8e8e4", "#d3d3cd", "#b5b6b2", "#969ca6", "#757a83", "#62676f", "#3c4047", "#1c1e21", "#121417"],
  },
  components: {
    Button: { defaultProps: { size: "xs" } },
    Tooltip: { defaultProps: { openDelay: 350, withArrow: true, fz: 12 } },
    Modal: { defaultProps: { centered: true, radius: 12, transitionProps: { duration: 120, transition: "fade" } } },
  },
});
