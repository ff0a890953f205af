import { createTheme, type MantineColorsTuple } from '@mantine/core';
import { app } from './base';
import { accentOf } from './rules/accent';

const petrol: MantineColorsTuple = ['#e6f5f6', '#cfe8ea', '#9fd1d6', '#6bb9c1', '#52b8c3', '#2a97a3', '#17838f', '#0f7480', '#0b616c', '#074e57'];

const own = app.accent ? accentOf(app.accent) : undefined;
if (own) {
  const style = document.documentElement.style;
  style.setProperty('--own-light', own.light);
  style.setProperty('--own-light-soft', own.lightSoft);
  style.setProperty('--own-dark', own.dark);
  style.setProperty('--own-dark-soft', own.darkSoft);
}

const system = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';

// One shade for buttons in both schemes: white text on it has 5.5 : 1. Text in the
// accent has a colour for each scheme, see app.css.
export const theme = createTheme({
  colors: { accent: own ? (own.shades as unknown as MantineColorsTuple) : petrol },
  primaryColor: 'accent',
  primaryShade: 7,
  autoContrast: true,
  fontFamily: system,
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Noto Sans Mono", monospace',
  headings: { fontFamily: system, fontWeight: '650' },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
});
