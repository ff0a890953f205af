import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api, ok, onceKey, type Schemas } from '../api/client';
import { useRefresh } from '../api/hooks';
import { app } from '../base';
import { useWords } from '../i18n';
import { playID } from '../rules/receivers';
import { Problem } from './parts';

// useMakePlay makes an address for a person; nobody = the one who is signed in.
export function useMakePlay(onMade: (made: Schemas['PlayAddress']) => void) {
  const refresh = useRefresh();
  const [once, setOnce] = useState(onceKey);
  return useMutation({
    mutationFn: (owner?: string) => ok(api.POST('/v1/play', { params: { header: { 'Idempotency-Key': once } }, body: owner ? { owner_id: owner } : {} })),
    onSuccess: (made) => {
      void refresh('play');
      onMade(made);
    },
    onSettled: () => setOnce(onceKey()),
  });
}

// TakePlay fills in an address of the test receiver, where there is one.
export function TakePlay({ owner, onTake }: { owner: string | undefined; onTake: (url: string) => void }) {
  const { t } = useWords();
  const make = useMakePlay((made) => onTake(made.url));
  if (!app.features.play) return null;
  return (
    <div className="stack tight">
      <div>
        <Button variant="default" loading={make.isPending} onClick={() => make.mutate(owner)}>
          {t('play.wizard')}
        </Button>
      </div>
      <p className="dim small">{t('play.wizard.text')}</p>
      {make.error && <Problem error={make.error} />}
    </div>
  );
}

// PlayLink leads to what arrives at an address of the test receiver.
export function PlayLink({ url }: { url: string }) {
  const { t } = useWords();
  const id = playID(url);
  if (!id) return null;
  return (
    <p>
      <Link to="/received/$id" params={{ id }}>
        {t('play.open')}
      </Link>
    </p>
  );
}
