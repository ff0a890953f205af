package config

import "time"

// Config holds every setting of a Godwit process. The zero value is not
// useful; Parse fills it. The help of a field is what godwit serve --help says
// about its variable; env and envDefault are its name and default.
type Config struct {
	ListenAddr  string `env:"GODWIT_LISTEN_ADDR" envDefault:"127.0.0.1:8080" help:"address of the API"`
	OpsAddr     string `env:"GODWIT_OPS_ADDR" envDefault:"127.0.0.1:9464" help:"address of /metrics, /healthz, /readyz and pprof; keep it private"`
	DatabaseURL string `env:"GODWIT_DATABASE_URL" help:"Postgres 14 or newer, as postgres://user:password@host/database; required"` // with the password: never shown
	// DatabaseConnections are shared out by purpose; see store.Options.
	DatabaseConnections int    `env:"GODWIT_DATABASE_CONNECTIONS" envDefault:"40" help:"connections to Postgres that this process has at most, 30 to 1000, beside the few that listen and that end statements"`
	TemporalAddress     string `env:"GODWIT_TEMPORAL_ADDRESS" envDefault:"127.0.0.1:7233" help:"host:port of the Temporal frontend"`
	TemporalNamespace   string `env:"GODWIT_TEMPORAL_NAMESPACE" envDefault:"godwit" help:"Temporal namespace of all workflows"`
	// TemporalTLSCA, TemporalTLSCert and TemporalTLSKey name files; see TemporalTLS.
	TemporalTLSCA         string   `env:"GODWIT_TEMPORAL_TLS_CA" help:"file with the authorities, in PEM, that Temporal's certificate is checked with; this and each of the next four turns TLS on"`
	TemporalTLSCert       string   `env:"GODWIT_TEMPORAL_TLS_CERT" help:"file with the certificate, in PEM, that is shown to Temporal"`
	TemporalTLSKey        string   `env:"GODWIT_TEMPORAL_TLS_KEY" help:"file with the private key of that certificate, in PEM"`
	TemporalTLSServerName string   `env:"GODWIT_TEMPORAL_TLS_SERVER_NAME" help:"name in Temporal's certificate; empty = the host of the address"`
	TemporalAPIKey        string   `env:"GODWIT_TEMPORAL_API_KEY" help:"key that is sent to Temporal with every request"`
	TemporalUIURL         string   `env:"GODWIT_TEMPORAL_UI_URL" help:"base of links to the Temporal Web UI; empty = no links"`
	AdminKey              string   `env:"GODWIT_ADMIN_KEY" help:"the first admin key, to create others with; required for the API"`
	EncryptionKeys        Keyring  `env:"GODWIT_ENCRYPTION_KEY" help:"32 bytes in base64 that encrypt secrets at rest, or a comma-separated list of such keys, the first of which encrypts; required"`
	TrustedProxies        Prefixes `env:"GODWIT_TRUSTED_PROXIES" help:"networks of proxies whose X-Forwarded-For is believed, such as 10.1.0.0/16"`
	AllowedHosts          Hosts    `env:"GODWIT_ALLOWED_HOSTS" help:"names, such as godwit.example.com or *.svc.cluster.local, that the header Host may hold besides addresses, names without a dot and localhost"`
	// PublishRate and ManagementRate apply to each process; 0 = any number.
	PublishRate    Rate `env:"GODWIT_PUBLISH_RATE" envDefault:"1000" help:"requests a second that an API key may publish with; 0 = any number"`
	ManagementRate Rate `env:"GODWIT_MANAGEMENT_RATE" envDefault:"50" help:"all other requests a second of an API key; 0 = any number"`
	// The limits of each user and each company, unless a company has its own; 0 = any number.
	UserWebhooks     Count `env:"GODWIT_USER_WEBHOOKS" envDefault:"2000" help:"webhooks that one user may have; 0 = any number"`
	UserRules        Count `env:"GODWIT_USER_RULES" envDefault:"10000" help:"rules that all webhooks of one user may have together; 0 = any number"`
	UserTestRate     Count `env:"GODWIT_USER_TEST_RATE" envDefault:"60" help:"test events a minute to the webhooks of one user; 0 = any number"`
	UserStoredBytes  Count `env:"GODWIT_USER_STORED_BYTES" envDefault:"256MiB" help:"bytes that the test events of one user may take up until retention removes them, as 256MiB; 0 = any number"`
	CompanyEventRate Count `env:"GODWIT_COMPANY_EVENT_RATE" envDefault:"10000" help:"events a second of one company, in each process; 0 = any number"`
	CompanyByteRate  Count `env:"GODWIT_COMPANY_BYTE_RATE" envDefault:"100MiB" help:"bytes a second of the events of one company, in each process, as 100MiB; 0 = any number"`

	EgressAllow    Prefixes `env:"GODWIT_EGRESS_ALLOW" help:"networks that may be delivered to although they are not public"`
	EgressProxy    *Proxy   `env:"GODWIT_EGRESS_PROXY" help:"proxy that deliveries go through, as http://user:password@host:port or https://...; empty = they go directly"` // with the password: never shown
	ShareWorkflows bool     `env:"GODWIT_SHARE_WORKFLOWS" envDefault:"true" help:"whether deliveries share workflows where more than 20 a second begin"`
	TraceReceivers bool     `env:"GODWIT_TRACE_RECEIVERS" envDefault:"false" help:"whether receivers get the header traceparent"`
	AllowHTTP      bool     `env:"GODWIT_ALLOW_HTTP" envDefault:"false" help:"whether the URL of a webhook may be plain http"`
	// RetrySchedule holds the four waits between the five attempts.
	RetrySchedule    Waits         `env:"GODWIT_RETRY_SCHEDULE" envDefault:"5s,30s,2m,10m" help:"the four waits between five attempts"`
	RecoverySchedule Waits         `env:"GODWIT_RECOVERY_SCHEDULE" envDefault:"1m,5m,15m,1h" help:"waits between the probes of a webhook that was deactivated; the last one repeats"`
	RecoveryWindow   time.Duration `env:"GODWIT_RECOVERY_WINDOW" envDefault:"72h" help:"how long a webhook that was deactivated is probed"`
	// DeliveryTimeout bounds one attempt, all of it, unless the webhook has its own.
	DeliveryTimeout time.Duration `env:"GODWIT_DELIVERY_TIMEOUT" envDefault:"10s" help:"limit of one attempt, 1s to 30s, for a webhook without its own"`
	SMTPURL         string        `env:"GODWIT_SMTP_URL" help:"mail server for mail to owners, as smtp://user:password@host or smtps://...; empty = no mail"` // with the password: never shown
	MailFrom        string        `env:"GODWIT_MAIL_FROM" help:"sender of that mail; required with GODWIT_SMTP_URL"`
	PublicURL       string        `env:"GODWIT_PUBLIC_URL" help:"address at which people reach this installation; base of links in mail"`
	Retention       Days          `env:"GODWIT_RETENTION" envDefault:"30d" help:"how long events and all that belongs to them are kept, at least 48h"`
	AuditRetention  Days          `env:"GODWIT_AUDIT_RETENTION" envDefault:"365d" help:"how long the audit log is kept, at least 30d"`
	Play            bool          `env:"GODWIT_PLAY" envDefault:"false" help:"whether people may make addresses below /play that show what comes to them"`
	// The next five are the web app's.
	AppName       string        `env:"GODWIT_APP_NAME" envDefault:"Godwit" help:"name of this installation in the web app, at most 60 characters"`
	AppLogo       string        `env:"GODWIT_APP_LOGO" help:"https URL of an image that the web app shows beside the name; empty = Godwit's own"`
	AppAccent     string        `env:"GODWIT_APP_ACCENT" help:"colour of buttons and links in the web app, as #0f7480; empty = Godwit's own"`
	SignInURL     string        `env:"GODWIT_SIGN_IN_URL" help:"page of your application that makes a portal link for whoever is signed in there; the web app leads to it, with the page to come back to as next"`
	TemporalLinks TemporalLinks `env:"GODWIT_TEMPORAL_LINKS" envDefault:"admins" help:"who sees links to the Temporal Web UI in the web app: all or admins; that UI knows no tenants"`
	LogLevel      string        `env:"GODWIT_LOG_LEVEL" envDefault:"info" help:"debug, info, warn or error"`
	LogFormat     string        `env:"GODWIT_LOG_FORMAT" help:"json or console; empty = console on a terminal, else json"`
}

// Standalone holds the settings that only the all-in-one process has.
type Standalone struct {
	DataDir      string `env:"GODWIT_DATA_DIR" envDefault:".godwit" help:"directory of the private Postgres, the generated keys and the logs"`
	TemporalAddr string `env:"GODWIT_STANDALONE_TEMPORAL_ADDR" envDefault:"127.0.0.1:7233" help:"address of the embedded Temporal"`
	UIAddr       string `env:"GODWIT_STANDALONE_UI_ADDR" envDefault:"127.0.0.1:8233" help:"address of the Temporal Web UI"`
}

// MaxDeliveryTimeout bounds GODWIT_DELIVERY_TIMEOUT, as it does a webhook's own.
const MaxDeliveryTimeout = 30 * time.Second
