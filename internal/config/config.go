package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// Config holds every setting of a Godwit process. The zero value is not
// useful; Parse fills it.
type Config struct {
	// ListenAddr is where the API listens.
	ListenAddr string `env:"GODWIT_LISTEN_ADDR" envDefault:"127.0.0.1:8080"`
	// OpsAddr is where /metrics, /healthz, /readyz and pprof listen.
	OpsAddr string `env:"GODWIT_OPS_ADDR" envDefault:"127.0.0.1:9464"`
	// DatabaseURL is a Postgres connection URL; it holds a password.
	DatabaseURL string `env:"GODWIT_DATABASE_URL"`
	// TemporalAddress is host:port of a Temporal frontend.
	TemporalAddress string `env:"GODWIT_TEMPORAL_ADDRESS" envDefault:"127.0.0.1:7233"`
	// TemporalNamespace is the Temporal namespace of all workflows.
	TemporalNamespace string `env:"GODWIT_TEMPORAL_NAMESPACE" envDefault:"godwit"`
	// TemporalUIURL is the base of links to the Temporal Web UI; empty = no links.
	TemporalUIURL string `env:"GODWIT_TEMPORAL_UI_URL"`
	// AdminKey is the bootstrap admin key; empty = none is set by the environment.
	AdminKey string `env:"GODWIT_ADMIN_KEY"`
	// TrustedProxies lists the networks of proxies whose X-Forwarded-For is believed.
	TrustedProxies Prefixes `env:"GODWIT_TRUSTED_PROXIES"`
	// PublishRate is how many requests a second an API key may publish with, in
	// each process; 0 = any number.
	PublishRate Rate `env:"GODWIT_PUBLISH_RATE" envDefault:"1000"`
	// ManagementRate is the same for all other requests.
	ManagementRate Rate `env:"GODWIT_MANAGEMENT_RATE" envDefault:"50"`
	// EncryptionKeys is the keyring for secrets at rest; the first one encrypts.
	EncryptionKeys Keyring `env:"GODWIT_ENCRYPTION_KEY"`
	// EgressAllow lists networks that may be delivered to although they are not public.
	EgressAllow Prefixes `env:"GODWIT_EGRESS_ALLOW"`
	// AllowHTTP says whether webhook URLs may be plain http.
	AllowHTTP bool `env:"GODWIT_ALLOW_HTTP" envDefault:"false"`
	// RetrySchedule holds the four waits between the five attempts.
	RetrySchedule Waits `env:"GODWIT_RETRY_SCHEDULE" envDefault:"5s,30s,2m,10m"`
	// DeliveryTimeout bounds one attempt, all of it, unless the webhook has its own.
	DeliveryTimeout time.Duration `env:"GODWIT_DELIVERY_TIMEOUT" envDefault:"10s"`
	// LogLevel is a zap level name.
	LogLevel string `env:"GODWIT_LOG_LEVEL" envDefault:"info"`
	// LogFormat is json or console; empty = console on a terminal, else json.
	LogFormat string `env:"GODWIT_LOG_FORMAT"`

	// The settings below are read so that one environment serves every release
	// of the contract; what they steer is named beside each.

	// RecoverySchedule holds the waits between recovery probes.
	RecoverySchedule Waits `env:"GODWIT_RECOVERY_SCHEDULE" envDefault:"1m,5m,15m,1h"`
	// RecoveryWindow is how long recovery probes go on.
	RecoveryWindow time.Duration `env:"GODWIT_RECOVERY_WINDOW" envDefault:"72h"`
	// SMTPURL is the mail server for messages to owners; empty = no mail.
	SMTPURL string `env:"GODWIT_SMTP_URL"`
	// MailFrom is the sender of mail to owners; required with SMTPURL.
	MailFrom string `env:"GODWIT_MAIL_FROM"`
	// PublicURL is the base of links in mail.
	PublicURL string `env:"GODWIT_PUBLIC_URL"`
	// Retention is how long events, deliveries and attempts are kept.
	Retention Days `env:"GODWIT_RETENTION" envDefault:"30d"`
}

// Standalone holds the settings that only the all-in-one process has.
type Standalone struct {
	// DataDir is where the private Postgres, keys and logs live.
	DataDir string `env:"GODWIT_DATA_DIR" envDefault:".godwit"`
	// TemporalAddr is where the embedded Temporal frontend listens.
	TemporalAddr string `env:"GODWIT_STANDALONE_TEMPORAL_ADDR" envDefault:"127.0.0.1:7233"`
	// UIAddr is where the Temporal Web UI listens.
	UIAddr string `env:"GODWIT_STANDALONE_UI_ADDR" envDefault:"127.0.0.1:8233"`
}

// MaxDeliveryTimeout bounds GODWIT_DELIVERY_TIMEOUT, as it does a webhook's own.
const MaxDeliveryTimeout = 30 * time.Second

// Parse reads the configuration from environ (os.Environ's form). An unknown
// GODWIT_* name or a bad value is an error that names the variable.
func Parse(environ []string) (Config, error) {
	vars := env.ToMap(environ)
	if err := checkNames(vars); err != nil {
		return Config{}, err
	}
	var cfg Config
	if err := parseInto(&cfg, vars); err != nil {
		return Config{}, err
	}
	return cfg, cfg.check()
}

// ParseStandalone reads the standalone's own settings from environ.
func ParseStandalone(environ []string) (Standalone, error) {
	vars := env.ToMap(environ)
	var s Standalone
	if err := checkNames(vars); err != nil {
		return s, err
	}
	return s, parseInto(&s, vars)
}

// parseInto fills dst field by field, so that the error can name the variable
// and never shows a value (which may be a secret).
func parseInto(dst any, vars map[string]string) error {
	err := env.ParseWithOptions(dst, env.Options{Environment: vars})
	var agg env.AggregateError
	if !errors.As(err, &agg) {
		return err
	}
	typ := reflect.TypeOf(dst).Elem()
	for _, one := range agg.Errors {
		var pe env.ParseError
		if errors.As(one, &pe) {
			f, _ := typ.FieldByName(pe.Name)
			return &VariableError{Name: f.Tag.Get("env"), Problem: reason(pe)}
		}
	}
	return agg
}

// reason keeps the messages that this package's own parsers wrote: those name
// no value. Others are replaced by the type that was expected.
func reason(pe env.ParseError) string {
	var own parseError
	if errors.As(pe.Err, &own) {
		return string(own)
	}
	if pe.Type == reflect.TypeFor[time.Duration]() {
		return "is not a duration such as 10s or 5m"
	}
	if pe.Type.Kind() == reflect.Bool {
		return "is neither true nor false"
	}
	return "is not a valid " + pe.Type.String()
}

// VariableError says which variable is wrong and why. It never holds the value.
type VariableError struct {
	Name    string
	Problem string
}

func (e *VariableError) Error() string { return e.Name + " " + e.Problem }

// testVariable steers the test suite alone; it may stand in the environment of
// what the tests start.
const testVariable = "GODWIT_TEST_REQUIRE"

func checkNames(vars map[string]string) error {
	known := slices.Concat(names(reflect.TypeFor[Config]()), names(reflect.TypeFor[Standalone]()))
	var unknown []string
	for name := range vars {
		if strings.HasPrefix(name, "GODWIT_") && name != testVariable && !slices.Contains(known, name) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	return &VariableError{Name: unknown[0], Problem: "is not a known setting; see the table of variables in README.md"}
}

func names(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		out = append(out, t.Field(i).Tag.Get("env"))
	}
	return out
}

func (c Config) check() error {
	switch {
	case len(c.RetrySchedule) != 4:
		return &VariableError{"GODWIT_RETRY_SCHEDULE", fmt.Sprintf("must hold the 4 waits between 5 attempts, it holds %d", len(c.RetrySchedule))}
	case len(c.RecoverySchedule) == 0:
		return &VariableError{"GODWIT_RECOVERY_SCHEDULE", "must hold at least one wait"}
	case c.RecoveryWindow <= 0:
		return &VariableError{"GODWIT_RECOVERY_WINDOW", "must be above zero"}
	case c.DeliveryTimeout < time.Second || c.DeliveryTimeout > MaxDeliveryTimeout:
		return &VariableError{"GODWIT_DELIVERY_TIMEOUT", "must be 1s to 30s"}
	case c.LogFormat != "" && c.LogFormat != "json" && c.LogFormat != "console":
		return &VariableError{"GODWIT_LOG_FORMAT", "must be json or console"}
	case !slices.Contains([]string{"debug", "info", "warn", "error"}, c.LogLevel):
		return &VariableError{"GODWIT_LOG_LEVEL", "must be debug, info, warn or error"}
	}
	return c.checkURLs()
}

func (c Config) checkURLs() error {
	for _, v := range []struct {
		name, value string
		schemes     []string
	}{
		{"GODWIT_DATABASE_URL", c.DatabaseURL, []string{"postgres", "postgresql"}},
		{"GODWIT_TEMPORAL_UI_URL", c.TemporalUIURL, []string{"http", "https"}},
		{"GODWIT_SMTP_URL", c.SMTPURL, []string{"smtp", "smtps"}},
		{"GODWIT_PUBLIC_URL", c.PublicURL, []string{"http", "https"}},
	} {
		if v.value == "" {
			continue
		}
		if u, err := url.Parse(v.value); err != nil || !slices.Contains(v.schemes, u.Scheme) {
			return &VariableError{v.name, "must be a " + strings.Join(v.schemes, ":// or ") + ":// URL"}
		}
	}
	if c.SMTPURL != "" && c.MailFrom == "" {
		return &VariableError{"GODWIT_MAIL_FROM", "must be set where GODWIT_SMTP_URL is: it is the sender, such as Godwit <godwit@example.com>"}
	}
	return nil
}

// parseError is a message of this package's own parsers; it holds no value.
type parseError string

func (e parseError) Error() string { return string(e) }

// Waits is a comma-separated list of durations above zero, such as 5s,30s.
type Waits []time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (w *Waits) UnmarshalText(text []byte) error {
	*w = nil
	for part := range strings.SplitSeq(string(text), ",") {
		d, err := time.ParseDuration(strings.TrimSpace(part))
		if err != nil || d <= 0 {
			return parseError("must be a comma-separated list of durations above zero, such as 5s,30s,2m,10m")
		}
		*w = append(*w, d)
	}
	return nil
}

// Keyring is a comma-separated list of base64 keys of 32 bytes.
type Keyring [][]byte

// UnmarshalText implements encoding.TextUnmarshaler.
func (k *Keyring) UnmarshalText(text []byte) error {
	*k = nil
	for part := range strings.SplitSeq(string(text), ",") {
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(part))
		if err != nil || len(key) != 32 {
			return parseError("must be 32 bytes in base64 (openssl rand -base64 32), or a comma-separated list of such keys")
		}
		*k = append(*k, key)
	}
	return nil
}

// Prefixes is a comma-separated list of networks in CIDR form.
type Prefixes []netip.Prefix

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *Prefixes) UnmarshalText(text []byte) error {
	*p = nil
	for part := range strings.SplitSeq(string(text), ",") {
		prefix, err := netip.ParsePrefix(strings.TrimSpace(part))
		if err != nil {
			return parseError("must be a comma-separated list of networks such as 10.1.0.0/16")
		}
		*p = append(*p, prefix.Masked())
	}
	return nil
}

// Rate is a number per second, 0 to 1,000,000.
type Rate int

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *Rate) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 0 || n > 1_000_000 {
		return parseError("must be a whole number of requests a second, up to 1000000; 0 = any number")
	}
	*r = Rate(n)
	return nil
}

// Days is a duration that may also be written in days, such as 30d.
type Days time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Days) UnmarshalText(text []byte) error {
	s := string(text)
	if n, ok := strings.CutSuffix(s, "d"); ok {
		days, err := strconv.ParseUint(n, 10, 16)
		if err != nil || days == 0 {
			return parseError("must be a number of days above zero, such as 30d")
		}
		*d = Days(time.Duration(days) * 24 * time.Hour)
		return nil
	}
	v, err := time.ParseDuration(s)
	if err != nil || v <= 0 {
		return parseError("must be a duration above zero, such as 30d or 720h")
	}
	*d = Days(v)
	return nil
}
