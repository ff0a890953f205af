import { useEffect, useState } from 'react';

// useKept keeps what was typed for this path as long as the tab is open, also
// over a new sign-in. What may be a secret is left out by without.
export function useKept<T extends object>(name: string, initial: T, without: (keyof T)[]) {
  const key = `godwit.draft.${name}`;
  const [value, setValue] = useState<T>(() => {
    try {
      const kept = JSON.parse(sessionStorage.getItem(key) ?? '') as Partial<T>;
      return { ...initial, ...kept };
    } catch {
      return initial;
    }
  });
  useEffect(() => {
    const kept = Object.fromEntries(Object.entries(value).filter(([k]) => !without.includes(k as keyof T)));
    sessionStorage.setItem(key, JSON.stringify(kept));
  }, [key, value, without]);
  const forget = () => sessionStorage.removeItem(key);
  return [value, setValue, forget] as const;
}
