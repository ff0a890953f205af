package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	server "go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/rpc/interceptor"
	"go.temporal.io/server/temporal"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"godwit/internal/app"
	"godwit/internal/config"
	"godwit/internal/localpg"
)

// authority signs certificates for the name temporal.test.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	var err error
	a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	a.cert = &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	a.write(t, "ca", a.cert, a.key)
	return a
}

// write signs a certificate and writes it beside its key.
func (a *authority) write(t *testing.T, name string, template *x509.Certificate, key *ecdsa.PrivateKey) {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(a.file(name+".crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(a.file(name+".key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
}

func (a *authority) issue(t *testing.T, name string, usage x509.ExtKeyUsage) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	a.write(t, name, &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"temporal.test"}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{usage}}, key)
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

const apiKey = "the-key-of-the-secured-temporal"

// withKey refuses every request for the product's namespace that has not the key;
// but the server's own parts, which have another certificate, need none.
func withKey(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	named, ok := request.(interceptor.NamespaceNameGetter)
	if ok && named.GetNamespace() == "secured" && caller(ctx) != "system" && strings.Join(metadata.ValueFromIncomingContext(ctx, "authorization"), "") != "Bearer "+apiKey {
		return nil, serviceerror.NewPermissionDenied("no key, or a wrong one", "")
	}
	return handler(ctx, request)
}

// caller is the name in the client's certificate.
func caller(ctx context.Context) string {
	if from, ok := peer.FromContext(ctx); ok {
		if info, ok := from.AuthInfo.(credentials.TLSInfo); ok && len(info.State.PeerCertificates) > 0 {
			return info.State.PeerCertificates[0].Subject.CommonName
		}
	}
	return ""
}

// startSecured runs a Temporal server that wants a client certificate and an API
// key, and gives its address.
func startSecured(t *testing.T, databaseURL string, a *authority) string {
	t.Helper()
	a.issue(t, "server", x509.ExtKeyUsageServerAuth)
	a.issue(t, "system", x509.ExtKeyUsageClientAuth)
	postgres, err := url.Parse(databaseURL)
	require.NoError(t, err)
	front := freeAddrs(t, 1)[0]
	quiet := log.NewNoopLogger()
	persistence, err := stores{server: *postgres, slim: true, log: quiet}.prepare(t.Context())
	require.NoError(t, err)
	s := &standalone{environment: &environment{own: config.Standalone{TemporalAddr: front}, cfg: config.Config{TemporalAddress: front}}}
	cfg, hosts, err := s.temporalConfig(t.Context(), persistence)
	require.NoError(t, err)
	trusted := server.ClientTLS{ServerName: "temporal.test", RootCAFiles: []string{a.file("ca.crt")}}
	cfg.Global.TLS = server.RootTLS{
		Frontend: server.GroupTLS{
			Server: server.ServerTLS{CertFile: a.file("server.crt"), KeyFile: a.file("server.key"), RequireClientAuth: true, ClientCAFiles: []string{a.file("ca.crt")}},
			Client: trusted,
		},
		SystemWorker: server.WorkerTLS{CertFile: a.file("system.crt"), KeyFile: a.file("system.key"), Client: trusted},
	}
	running, err := launch(make(chan error), temporal.WithConfig(cfg), temporal.ForServices(temporal.DefaultServices), temporal.WithStaticHosts(hosts),
		temporal.WithDynamicConfigClient(dynamicSettings()), temporal.WithLogger(quiet), temporal.WithChainedFrontendGrpcInterceptors(withKey))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, running.Stop()) })
	return front
}

// secured is a process of the product on the secured server.
type secured struct {
	at  app.Addresses
	cfg config.Config
}

func startProduct(t *testing.T, cfg config.Config) secured {
	t.Helper()
	addrs := freeAddrs(t, 2)
	cfg.ListenAddr, cfg.OpsAddr = addrs[0], addrs[1]
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- app.Run(ctx, cfg, zap.NewNop(), app.Options{Role: app.RoleAll, Version: "test", StopTimeout: time.Second})
	}()
	t.Cleanup(func() { stop(); require.NoError(t, <-ended) })
	return secured{app.Addresses{API: addrs[0], Ops: addrs[1]}, cfg}
}

// readyz gives the answer as soon as there is one.
func (s secured) readyz(t *testing.T) (code int, body string) {
	t.Helper()
	require.Eventually(t, func() bool {
		resp, err := http.Get("http://" + s.at.Ops + "/readyz")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		code, body = resp.StatusCode, string(text)
		return err == nil
	}, patience, 50*time.Millisecond)
	return code, body
}

func (s secured) becomesReady(t *testing.T) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); ; <-tick.C {
		code, body := s.readyz(t)
		if code == http.StatusOK {
			return
		}
		require.Less(t, time.Since(began), patience, body)
	}
}

func (s secured) call(t *testing.T, method, path, body string) map[string]any {
	t.Helper()
	req, err := http.NewRequest(method, "http://"+s.at.API+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+s.cfg.AdminKey)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Less(t, resp.StatusCode, 300, string(text))
	var out map[string]any
	if len(text) > 0 {
		require.NoError(t, json.Unmarshal(text, &out), string(text))
	}
	return out
}

// TestSecuredTemporal_CarriesRetries uses a Temporal that wants a client
// certificate and an API key: the namespace is made, a retry is carried by it, and
// its history can be fetched. Without either nothing is.
func TestSecuredTemporal_CarriesRetries(t *testing.T) {
	pg, err := localpg.Start(t.Context(), localpg.Options{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, pg.Stop(context.Background())) })
	require.NoError(t, pg.EnsureDatabase(t.Context(), "godwit"))
	a := newAuthority(t)
	a.issue(t, "godwit", x509.ExtKeyUsageClientAuth)
	front := startSecured(t, pg.URL("postgres"), a)

	cfg, err := config.Parse([]string{
		"GODWIT_DATABASE_URL=" + pg.URL("godwit"), "GODWIT_ADMIN_KEY=the-admin-key-of-the-test", "GODWIT_ENCRYPTION_KEY=" + strings.Repeat("A", 43) + "=",
		"GODWIT_TEMPORAL_ADDRESS=" + front, "GODWIT_TEMPORAL_NAMESPACE=secured", "GODWIT_EGRESS_ALLOW=127.0.0.0/8", "GODWIT_ALLOW_HTTP=true",
		"GODWIT_RETRY_SCHEDULE=100ms,200ms,300ms,400ms", "GODWIT_TEMPORAL_TLS_CA=" + a.file("ca.crt"), "GODWIT_TEMPORAL_TLS_SERVER_NAME=temporal.test",
		"GODWIT_TEMPORAL_TLS_CERT=" + a.file("godwit.crt"), "GODWIT_TEMPORAL_TLS_KEY=" + a.file("godwit.key"), "GODWIT_TEMPORAL_API_KEY=" + apiKey,
	})
	require.NoError(t, err)
	require.NoError(t, app.Migrate(t.Context(), cfg.DatabaseURL, func(string) {}))
	s := startProduct(t, cfg)
	s.becomesReady(t)

	var requests atomic.Int32
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1) <= 2 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	t.Cleanup(receiver.Close)
	s.call(t, "PUT", "/v1/companies/c", `{"name":"C"}`)
	s.call(t, "PUT", "/v1/projects/p", `{"company_id":"c","name":"P"}`)
	s.call(t, "PUT", "/v1/users/u", `{"name":"U","email":"u@example.com"}`)
	s.call(t, "PUT", "/v1/projects/p/members/u", "")
	s.call(t, "POST", "/v1/webhooks", fmt.Sprintf(`{"owner_id":"u","name":"W","url":%q,"rules":[{"events":["*"]}]}`, receiver.URL))
	event := s.call(t, "POST", "/v1/events", `{"type":"TODO_CREATED","project_id":"p","current":{"id":"1"}}`)["id"].(string)
	var delivery map[string]any
	require.Eventually(t, func() bool {
		delivery = s.call(t, "GET", "/v1/deliveries?event_id="+event, "")["data"].([]any)[0].(map[string]any)
		return delivery["status"] == "succeeded"
	}, patience, 50*time.Millisecond)
	require.EqualValues(t, 3, requests.Load())
	history, err := app.History(t.Context(), cfg, delivery["id"].(string))
	require.NoError(t, err)
	require.NotEmpty(t, history.Events)

	requireRefusals(t, cfg, delivery["id"].(string))
}

// requireRefusals reads a history with each part of the settings left out.
func requireRefusals(t *testing.T, cfg config.Config, deliveryID string) {
	t.Helper()
	for name, change := range map[string]func(*config.Config){
		"no certificate": func(c *config.Config) { c.TemporalTLSCert, c.TemporalTLSKey = "", "" },
		"no key":         func(c *config.Config) { c.TemporalAPIKey = "" },
		"no TLS": func(c *config.Config) {
			c.TemporalTLSCA, c.TemporalTLSCert, c.TemporalTLSKey, c.TemporalTLSServerName, c.TemporalAPIKey = "", "", "", "", ""
		},
		"another name":      func(c *config.Config) { c.TemporalTLSServerName = "" },
		"another authority": func(c *config.Config) { c.TemporalTLSCA = "" },
	} {
		t.Run(name, func(t *testing.T) {
			refused := cfg
			change(&refused)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			_, err := app.History(ctx, refused, deliveryID)
			require.Error(t, err)
			require.NotContains(t, err.Error(), apiKey)
		})
	}
}
