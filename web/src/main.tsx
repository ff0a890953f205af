import '@mantine/core/styles/baseline.css';
import '@mantine/core/styles/default-css-variables.css';
import '@mantine/core/styles/global.css';
import '@mantine/core/styles/UnstyledButton.css';
import '@mantine/core/styles/Button.css';
import '@mantine/core/styles/Input.css';
import '@mantine/core/styles/InlineInput.css';
import '@mantine/core/styles/ActionIcon.css';
import '@mantine/core/styles/PasswordInput.css';
import '@mantine/core/styles/Checkbox.css';
import '@mantine/core/styles/Combobox.css';
import '@mantine/core/styles/Loader.css';
import './app.css';
import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { isFailure } from './api/hooks';
import { nonce } from './base';
import { WordsProvider } from './i18n';
import { router } from './router';
import { theme } from './theme';
import { ToastsProvider } from './ui/dialog';

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // What may come by itself is asked for again; an answer is an answer.
      retry: (count, error) => count < 2 && isFailure(error, 'rate_limited'),
      retryDelay: (_, error) => 1000 * (isFailure(error) ? (error.retryAfter ?? 1) : 1),
      staleTime: 1000,
    },
    mutations: { retry: false },
  },
});

const colours = localStorageColorSchemeManager({ key: 'godwit.theme' });

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto" colorSchemeManager={colours} getStyleNonce={() => nonce}>
      <QueryClientProvider client={queries}>
        <WordsProvider>
          <ToastsProvider>
            <RouterProvider router={router} />
          </ToastsProvider>
        </WordsProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
