import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api, ok, type Schemas } from './client';

// useSettled gives a value when it has not changed for a while.
export function useSettled<T>(value: T, ms: number): T {
  const text = JSON.stringify(value);
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), ms);
    return () => clearTimeout(timer);
  }, [text, ms]);
  return JSON.parse(settled) as T;
}

// useCheck asks the server, during typing, what is wrong with a webhook or a
// part of it. It writes nothing. What is said of an older text is left out, and an
// answer that does not come is no finding. Addresses may be secrets, so nothing of it
// is kept.
export function useCheck(body: Schemas['CheckForm']) {
  const asked = useSettled(body, 400);
  const query = useQuery({
    queryKey: ['check', asked],
    enabled: Object.keys(asked).length > 0,
    placeholderData: keepPreviousData,
    gcTime: 0,
    staleTime: 60_000,
    retry: false,
    queryFn: () => ok(api.POST('/v1/webhooks/check', { body: asked })),
  });
  if (Object.keys(body).length === 0) return { faults: [], warnings: [], trials: [], fresh: true };
  const fresh = !query.isPlaceholderData && JSON.stringify(asked) === JSON.stringify(body);
  return { faults: query.data?.errors ?? [], warnings: query.data?.warnings ?? [], trials: query.data?.filters ?? [], fresh };
}
