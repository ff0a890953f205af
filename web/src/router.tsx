import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from '@tanstack/react-router';
import { base } from './base';
import { NotFound } from './pages/not-found';
import { filterNames } from './rules/filter';
import { Loading } from './ui/parts';
import { Shell } from './ui/shell';

type Search = Record<string, unknown>;
const text = (s: Search, name: string) => (typeof s[name] === 'string' && s[name] !== '' ? s[name] : undefined);

// pick keeps the named parameters of an address, where they are text.
function pick<N extends string>(...names: N[]) {
  return (s: Search) => Object.fromEntries(names.map((n) => [n, text(s, n)]).filter(([, v]) => v !== undefined)) as Partial<Record<N, string>>;
}

// Elsewhere is for addresses that are no page, also of those who are not signed in.
const Elsewhere = () => (
  <main className="alone">
    <NotFound />
  </main>
);

const root = createRootRoute({ component: Outlet, notFoundComponent: Elsewhere });
const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: pick('next'),
  component: lazyRouteComponent(() => import('./pages/sign-in'), 'SignIn'),
});
const portal = createRoute({ getParentRoute: () => root, path: '/portal', component: lazyRouteComponent(() => import('./pages/sign-in'), 'Portal') });
const shell = createRoute({ getParentRoute: () => root, id: 'shell', component: Shell, notFoundComponent: NotFound });
const parent = () => shell;

const pages = [
  createRoute({
    getParentRoute: parent,
    path: '/',
    beforeLoad: () => {
      throw redirect({ to: '/webhooks' });
    },
  }),
  createRoute({ getParentRoute: parent, path: '/webhooks', validateSearch: pick('show', 'q', 'sort', 'owner', 'project'), component: lazyRouteComponent(() => import('./pages/webhooks'), 'Webhooks') }),
  createRoute({
    getParentRoute: parent,
    path: '/webhooks/new',
    validateSearch: pick('step', 'types', 'owner', 'with', 'like'),
    component: lazyRouteComponent(() => import('./pages/wizard/wizard'), 'Wizard'),
  }),
  // One that was deleted has its deliveries there.
  createRoute({ getParentRoute: parent, path: '/webhooks/$id', validateSearch: pick(...filterNames), component: lazyRouteComponent(() => import('./pages/webhook'), 'Overview') }),
  createRoute({
    getParentRoute: parent,
    path: '/webhooks/$id/deliveries',
    validateSearch: pick(...filterNames),
    component: lazyRouteComponent(() => import('./pages/webhook'), 'WebhookDeliveries'),
  }),
  createRoute({ getParentRoute: parent, path: '/webhooks/$id/settings', component: lazyRouteComponent(() => import('./pages/settings'), 'Settings') }),
  createRoute({
    getParentRoute: parent,
    path: '/deliveries',
    validateSearch: pick(...filterNames),
    component: lazyRouteComponent(() => import('./pages/deliveries'), 'Deliveries'),
  }),
  createRoute({ getParentRoute: parent, path: '/deliveries/$id', component: lazyRouteComponent(() => import('./pages/delivery'), 'DeliveryPage') }),
  createRoute({ getParentRoute: parent, path: '/events', validateSearch: pick('type', 'project', 'since', 'until', 'matched', 'filter', 'record'), component: lazyRouteComponent(() => import('./pages/events'), 'Events') }),
  createRoute({ getParentRoute: parent, path: '/events/$id', component: lazyRouteComponent(() => import('./pages/event'), 'EventPage') }),
  createRoute({ getParentRoute: parent, path: '/received', component: lazyRouteComponent(() => import('./pages/received'), 'PlayAddresses') }),
  createRoute({ getParentRoute: parent, path: '/received/$id', component: lazyRouteComponent(() => import('./pages/received'), 'PlayAddress') }),
  createRoute({ getParentRoute: parent, path: '/verify', validateSearch: pick('webhook'), component: lazyRouteComponent(() => import('./pages/verify'), 'VerifyPage') }),
  createRoute({ getParentRoute: parent, path: '/connect', validateSearch: pick('code'), component: lazyRouteComponent(() => import('./pages/connect'), 'Connect') }),
  createRoute({ getParentRoute: parent, path: '/keys', component: lazyRouteComponent(() => import('./pages/admin/keys'), 'OwnKeys') }),
  createRoute({ getParentRoute: parent, path: '/event-types', validateSearch: pick('q'), component: lazyRouteComponent(() => import('./pages/event-types'), 'EventTypes') }),
  createRoute({ getParentRoute: parent, path: '/admin', component: lazyRouteComponent(() => import('./pages/admin/overview'), 'Overview') }),
  createRoute({ getParentRoute: parent, path: '/admin/people', component: lazyRouteComponent(() => import('./pages/admin/directory'), 'People') }),
  createRoute({ getParentRoute: parent, path: '/admin/companies', component: lazyRouteComponent(() => import('./pages/admin/directory'), 'Companies') }),
  createRoute({ getParentRoute: parent, path: '/admin/keys', component: lazyRouteComponent(() => import('./pages/admin/keys'), 'Keys') }),
  createRoute({
    getParentRoute: parent,
    path: '/admin/log',
    validateSearch: pick('object', 'actor', 'action', 'since', 'until'),
    component: lazyRouteComponent(() => import('./pages/admin/log'), 'Log'),
  }),
  createRoute({ getParentRoute: parent, path: '/admin/system', component: lazyRouteComponent(() => import('./pages/admin/system'), 'System') }),
] as const;

export const router = createRouter({
  routeTree: root.addChildren([signIn, portal, shell.addChildren(pages)]),
  basepath: base,
  defaultPreload: 'intent',
  defaultPendingComponent: Loading,
  scrollRestoration: true,
  // Another webhook is another page, with a heading that gets the focus.
  defaultRemountDeps: ({ params }) => params,
  // Filters stand in the address as they are read: ?status=failed&since=24h
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: (search) => {
    const out = new URLSearchParams(Object.entries(search).filter(([, v]) => v !== undefined && v !== '') as [string, string][]).toString();
    return out ? `?${out}` : '';
  },
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
