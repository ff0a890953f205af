import { Button } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { api, ok } from '../api/client';
import { isFailure, useSession } from '../api/hooks';
import { useWords } from '../i18n';
import { Facts, Loading, Note, Page, Problem, When } from '../ui/parts';

// Connect lets a command line in, which shows the same code in a terminal.
export function Connect() {
  const { t } = useWords();
  const { code = '' } = useSearch({ from: '/shell/connect' });
  const admin = useSession().data?.role === 'admin';
  const device = useQuery({
    queryKey: ['device', code],
    queryFn: () => ok(api.POST('/v1/device/answer', { body: { code } })),
    enabled: !admin && code !== '',
    retry: false,
    staleTime: Infinity,
  });
  const answer = useMutation({ mutationFn: (approve: boolean) => ok(api.POST('/v1/device/answer', { body: { code, approve } })) });
  if (admin) return <Page title={t('connect')}>{<Note>{t('connect.admin')}</Note>}</Page>;
  if (answer.data) {
    const said = answer.data.status === 'approved' ? 'approved' : 'denied';
    return (
      <Page title={t(`connect.${said}`)}>
        <p role="status">{t(`connect.${said}.text`)}</p>
      </Page>
    );
  }
  const over = code === '' || isFailure(device.error, 'not_found', 'invalid') || isFailure(answer.error, 'not_found', 'invalid');
  if (over) {
    return (
      <Page title={t('connect.over')}>
        <p>{t('connect.over.text')}</p>
      </Page>
    );
  }
  return (
    <Page title={t('connect')}>
      {device.isPending && <Loading />}
      {device.error && <Problem error={device.error} retry={() => void device.refetch()} />}
      {device.data && (
        <section className="card stack">
          <p>{t('connect.text')}</p>
          <Facts
            rows={[
              [t('connect.code'), <strong key="code">{device.data.code}</strong>],
              [t('connect.name'), device.data.name],
              [t('connect.address'), device.data.address],
              [t('connect.until'), <When key="until" at={device.data.expires_at} />],
            ]}
          />
          <Note tone="warn">{t('connect.warning')}</Note>
          <div className="row">
            <Button onClick={() => answer.mutate(true)} loading={answer.isPending}>
              {t('connect.yes')}
            </Button>
            <Button variant="default" onClick={() => answer.mutate(false)} disabled={answer.isPending}>
              {t('connect.no')}
            </Button>
          </div>
          {answer.error && <Problem error={answer.error} />}
        </section>
      )}
    </Page>
  );
}
