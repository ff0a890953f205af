const shapes = {
  webhook: 'M4 12h5m6 0h5M9 8h6v8H9z',
  delivery: 'M3 12h13m-5-6 6 6-6 6M21 4v16',
  event: 'M13 3 5 14h6l-1 7 8-11h-6z',
  book: 'M5 4h11a3 3 0 0 1 3 3v13H8a3 3 0 0 1-3-3zM5 17a3 3 0 0 1 3-3h11',
  chart: 'M5 20V10m7 10V4m7 16v-7',
  people: 'M9 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zm-6 9a6 6 0 0 1 12 0M16 4.500a3.500 3.500 0 0 1 0 6M18 14.500a6 6 0 0 1 3 5.500',
  building: 'M5 21V5l8-2v18M13 9h6v12M3 21h18M8.500 8h1m-1 4h1m-1 4h1',
  key: 'M14.500 9.500a4 4 0 1 0-3.700 4L13 16h3v3h4v-3l-6-6z',
  log: 'M6 3h12v18H6zM9 8h6m-6 4h6m-6 4h3',
  gear: 'M12 15.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM12 3v3m0 12v3M3 12h3m12 0h3M5.600 5.600l2.100 2.100m8.600 8.600 2.100 2.100m0-12.800-2.100 2.100M7.700 16.300l-2.100 2.100',
  check: 'm5 13 4.500 4.500L19 7',
  cross: 'm6 6 12 12M18 6 6 18',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3 2',
  pause: 'M8 5v14m8-14v14',
  warning: 'M12 4 2.500 20h19zM12 10v4m0 3v.01',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  minus: 'M6 12h12',
  plus: 'M12 5v14M5 12h14',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2v2m0 16v2M2 12h2m16 0h2M5 5l1.500 1.500m11 11L19 19m0-14-1.500 1.500m-11 11L5 19',
  inbox: 'M4 13 6 5h12l2 8v6H4zM4 13h5l1 3h4l1-3h5',
  person: 'M12 12a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9zm-8 9a8 8 0 0 1 16 0',
} as const;

export type IconName = keyof typeof shapes;

// Icon never stands alone: a word beside it, or the name of its button, says the same.
export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={shapes[name]} />
    </svg>
  );
}
