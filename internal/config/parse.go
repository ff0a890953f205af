package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// Parse reads the configuration of godwit from environ (os.Environ's form). The
// error is an Errors with everything that is wrong: unknown GODWIT_* names,
// settings of the standalone, and bad values. What could be read is filled in
// even then.
func Parse(environ []string) (Config, error) {
	vars := env.ToMap(environ)
	var cfg Config
	wrong := unknownNames(vars)
	wrong = append(wrong, parseInto(&cfg, vars)...)
	wrong = append(wrong, cfg.check()...)
	return cfg, wrong.orNil()
}

// ParseStandalone reads the standalone's own settings from environ. rest is
// environ without them, for Parse.
func ParseStandalone(environ []string) (own Standalone, rest []string, err error) {
	wrong := parseInto(&own, env.ToMap(environ))
	names := names(reflect.TypeFor[Standalone]())
	for _, entry := range environ {
		if name, _, _ := strings.Cut(entry, "="); !slices.Contains(names, name) {
			rest = append(rest, entry)
		}
	}
	return own, rest, wrong.orNil()
}

// parseInto fills dst field by field, so that each error can name its variable
// and never shows a value (which may be a secret).
func parseInto(dst any, vars map[string]string) (wrong Errors) {
	err := env.ParseWithOptions(dst, env.Options{Environment: vars})
	var agg env.AggregateError
	if !errors.As(err, &agg) {
		return nil
	}
	typ := reflect.TypeOf(dst).Elem()
	for _, one := range agg.Errors {
		var pe env.ParseError
		if errors.As(one, &pe) {
			f, _ := typ.FieldByName(pe.Name)
			wrong = append(wrong, &VariableError{Name: f.Tag.Get("env"), Problem: reason(pe)})
		}
	}
	return wrong
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

// testVariable steers the test suite only; what the tests start may have it in
// its environment.
const testVariable = "GODWIT_TEST_REQUIRE"

// clientVariables are for commands that call an installation, such as godwit listen.
// They may be set where a process is started, too.
var clientVariables = []string{"GODWIT_URL", "GODWIT_KEY"}

// unknownNames reports the GODWIT_* variables that Parse does not read.
func unknownNames(vars map[string]string) (wrong Errors) {
	known, standalone := names(reflect.TypeFor[Config]()), names(reflect.TypeFor[Standalone]())
	for name := range vars {
		switch {
		case !strings.HasPrefix(name, "GODWIT_") || name == testVariable || slices.Contains(clientVariables, name) || slices.Contains(known, name):
		case slices.Contains(standalone, name):
			wrong = append(wrong, &VariableError{name, "is a setting of make up (godwit-standalone); godwit does not read it, so remove it"})
		default:
			wrong = append(wrong, &VariableError{name, "is not a known setting; godwit serve --help lists them"})
		}
	}
	return wrong
}

func names(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		out = append(out, t.Field(i).Tag.Get("env"))
	}
	return out
}

// required says what to do about a setting that a process can't do without.
var required = map[string]string{
	"GODWIT_DATABASE_URL":   "must be set to the URL of a Postgres database",
	"GODWIT_ENCRYPTION_KEY": "must be set to 32 bytes in base64; make one with: openssl rand -base64 32",
	"GODWIT_ADMIN_KEY":      "must be set: it is the first admin key of the API; make one with: openssl rand -hex 24",
}

// Require reports which of the named variables are not set: GODWIT_DATABASE_URL,
// GODWIT_ENCRYPTION_KEY or GODWIT_ADMIN_KEY.
func (c Config) Require(names ...string) error {
	missing := map[string]bool{"GODWIT_DATABASE_URL": c.DatabaseURL == "", "GODWIT_ENCRYPTION_KEY": len(c.EncryptionKeys) == 0, "GODWIT_ADMIN_KEY": c.AdminKey == ""}
	var wrong Errors
	for _, name := range names {
		if missing[name] {
			wrong = append(wrong, &VariableError{name, required[name]})
		}
	}
	return wrong.orNil()
}

// rule is a condition on the values that no type can express.
type rule struct {
	broken        bool
	name, problem string
}

func (c Config) check() (wrong Errors) {
	for _, r := range slices.Concat(c.addressRules(), c.urlRules(), c.retentionRules(), c.temporalRules(), c.adminKeyRules(), c.appRules(), []rule{
		{len(c.RetrySchedule) != 4, "GODWIT_RETRY_SCHEDULE", fmt.Sprintf("must hold the 4 waits between 5 attempts, it holds %d", len(c.RetrySchedule))},
		{c.DatabaseConnections < 30 || c.DatabaseConnections > 1000, "GODWIT_DATABASE_CONNECTIONS", "must be 30 to 1000"},
		{c.RecoveryWindow <= 0, "GODWIT_RECOVERY_WINDOW", "must be above zero"},
		{c.DeliveryTimeout < time.Second || c.DeliveryTimeout > MaxDeliveryTimeout, "GODWIT_DELIVERY_TIMEOUT", "must be 1s to 30s"},
		{c.LogFormat != "" && c.LogFormat != "json" && c.LogFormat != "console", "GODWIT_LOG_FORMAT", "must be json or console"},
		{!slices.Contains([]string{"debug", "info", "warn", "error"}, c.LogLevel), "GODWIT_LOG_LEVEL", "must be debug, info, warn or error"},
		{c.SMTPURL != "" && c.MailFrom == "", "GODWIT_MAIL_FROM", "must be set together with GODWIT_SMTP_URL: it is the sender, such as Godwit <godwit@example.com>"},
		{c.SMTPURL == "" && c.MailFrom != "", "GODWIT_MAIL_FROM", "has no effect without GODWIT_SMTP_URL: set that to your mail server, or remove this one"},
	}) {
		if r.broken {
			wrong = append(wrong, &VariableError{r.name, r.problem})
		}
	}
	return wrong
}

func (c Config) addressRules() (rules []rule) {
	for _, v := range []struct{ name, value string }{
		{"GODWIT_LISTEN_ADDR", c.ListenAddr},
		{"GODWIT_OPS_ADDR", c.OpsAddr},
		{"GODWIT_TEMPORAL_ADDRESS", c.TemporalAddress},
	} {
		_, port, err := net.SplitHostPort(v.value)
		rules = append(rules, rule{err != nil || port == "", v.name, "must be host:port, such as 127.0.0.1:8080"})
	}
	_, port, _ := net.SplitHostPort(c.OpsAddr)
	return append(rules, rule{c.OpsAddr == c.ListenAddr && port != "0", "GODWIT_OPS_ADDR", "is the same address as GODWIT_LISTEN_ADDR: give each its own port"})
}

func (c Config) urlRules() (rules []rule) {
	for _, v := range []struct {
		name, value string
		schemes     []string
	}{
		{"GODWIT_DATABASE_URL", c.DatabaseURL, []string{"postgres", "postgresql"}},
		{"GODWIT_TEMPORAL_UI_URL", c.TemporalUIURL, []string{"http", "https"}},
		{"GODWIT_SMTP_URL", c.SMTPURL, []string{"smtp", "smtps"}},
		{"GODWIT_PUBLIC_URL", c.PublicURL, []string{"http", "https"}},
	} {
		u, err := url.Parse(v.value)
		rules = append(rules, rule{v.value != "" && (err != nil || !slices.Contains(v.schemes, u.Scheme)), v.name, "must be a " + strings.Join(v.schemes, ":// or ") + ":// URL"})
	}
	return rules
}
