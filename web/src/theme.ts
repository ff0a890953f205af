import { createTheme, type MantineColorsTuple } from '@mantine/core';

const petrol: MantineColorsTuple = ['#e6f5f6', '#cfe8ea', '#9fd1d6', '#6bb9c1', '#52b8c3', '#2a97a3', '#17838f', '#0f7480', '#0b616c', '#074e57'];

const system = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';

// One shade for buttons in both schemes: white text on it has 5.5 : 1. Text in the
// accent has a colour for each scheme, see app.css.
export const theme = createTheme({
  colors: { petrol },
  primaryColor: 'petrol',
  primaryShade: 7,
  autoContrast: true,
  fontFamily: system,
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Noto Sans Mono", monospace',
  headings: { fontFamily: system, fontWeight: '650' },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
});
