import { createTheme, type MantineColorsTuple } from '@mantine/core';

const petrol: MantineColorsTuple = ['#e6f5f6', '#cfe8ea', '#9fd1d6', '#6bb9c1', '#52b8c3', '#2a97a3', '#17838f', '#0f7480', '#0b616c', '#074e57'];

const system = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';

// The shades are chosen for contrast: text on a button of the accent, and the
// accent as text on the page, have at least 4.5 : 1 in both schemes.
export const theme = createTheme({
  colors: { petrol },
  primaryColor: 'petrol',
  primaryShade: { light: 7, dark: 4 },
  autoContrast: true,
  fontFamily: system,
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Noto Sans Mono", monospace',
  headings: { fontFamily: system, fontWeight: '650' },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
});
