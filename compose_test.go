package godwit_test

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"

	"godwit/internal/config"
)

// secrets are the variables that docker-compose.yml must not do without.
var secrets = []string{
	"POSTGRES_PASSWORD",
	"POSTGRES_GODWIT_PASSWORD",
	"POSTGRES_TEMPORAL_PASSWORD",
	"GODWIT_ENCRYPTION_KEY",
	"GODWIT_ADMIN_KEY",
}

const (
	healthy   = types.ServiceConditionHealthy
	completed = types.ServiceConditionCompletedSuccessfully
)

// services says what every service waits for and, for Godwit's own, the command.
var services = map[string]struct {
	job     bool
	command []string
	after   map[string]string
}{
	"postgres":           {},
	"temporal-schema":    {job: true, after: map[string]string{"postgres": healthy}},
	"temporal":           {after: map[string]string{"temporal-schema": completed}},
	"temporal-namespace": {job: true, after: map[string]string{"temporal": healthy}},
	"temporal-ui":        {after: map[string]string{"temporal": healthy}},
	"migrate":            {job: true, command: []string{"migrate", "up"}, after: map[string]string{"postgres": healthy}},
	"api":                {command: []string{"serve", "--role", "api"}, after: map[string]string{"migrate": completed}},
	"worker":             {command: []string{"serve", "--role", "worker"}, after: map[string]string{"migrate": completed}},
}

func TestComposeNeedsEverySecret(t *testing.T) {
	for _, name := range secrets {
		for what, change := range map[string]func(map[string]string){
			"missing": func(env map[string]string) { delete(env, name) },
			"empty":   func(env map[string]string) { env[name] = "" },
		} {
			t.Run(name+" "+what, func(t *testing.T) {
				env := filledEnv(t)
				change(env)
				_, err := load(t.Context(), env)
				require.ErrorContains(t, err, name)
				require.ErrorContains(t, err, ".env.example")
			})
		}
	}
}

func TestComposeHoldsNoSecret(t *testing.T) {
	text := read(t, "docker-compose.yml")
	for _, m := range regexp.MustCompile(`(?m)^\s+\w*(?:PASSWORD|PWD|KEY|SECRET)\w*: (.*)$`).FindAllStringSubmatch(text, -1) {
		require.Regexp(t, `^\$\{\w+:\?see \.env\.example\}$`, m[1], m[0])
	}
	require.NotRegexp(t, `://\w+:[^$@/]+@`, text, "a password in a URL")
}

func TestComposeStartsInOrder(t *testing.T) {
	p := project(t)
	require.ElementsMatch(t, slices.Collect(maps.Keys(services)), p.ServiceNames())
	for name, want := range services {
		s := p.Services[name]
		after := map[string]string{}
		for dependency, d := range s.DependsOn {
			require.True(t, d.Required, name)
			after[dependency] = d.Condition
			if d.Condition != healthy {
				require.True(t, services[dependency].job, "%s waits for the end of %s, which is no job", name, dependency)
			}
		}
		require.Equal(t, len(want.after), len(after), name)
		for dependency, condition := range want.after {
			require.Equal(t, condition, after[dependency], "%s after %s", name, dependency)
		}
		if want.job {
			require.Equal(t, "on-failure:5", s.Restart, name)
			require.Nil(t, s.HealthCheck, name)
			continue
		}
		require.Equal(t, "unless-stopped", s.Restart, name)
		require.NotNil(t, s.HealthCheck, name)
		require.False(t, s.HealthCheck.Disable, name)
		require.NotEmpty(t, s.HealthCheck.Test, name)
	}
}

func TestComposePinsEveryImage(t *testing.T) {
	for name, s := range project(t).Services {
		if s.Build != nil {
			continue // the Dockerfile's own images are looked at below
		}
		require.Regexp(t, pinned, s.Image, name)
	}
}

// pinned matches an image whose tag is a whole version.
var pinned = regexp.MustCompile(`^[a-z0-9./-]+:v?\d+\.\d+(\.\d+)?(-[a-z0-9.]+)?$`)

func TestComposeGivesGodwitAnEnvironmentThatItTakes(t *testing.T) {
	env := filledEnv(t)
	maps.Copy(env, map[string]string{
		"GODWIT_RETRY_SCHEDULE": "1s,2s,3s,4s",
		"GODWIT_SMTP_URL":       "smtp://mail.example:25",
		"GODWIT_MAIL_FROM":      "godwit@mail.example",
		"GODWIT_RETENTION":      "7d",
	})
	p, err := load(t.Context(), env)
	require.NoError(t, err)
	for name, want := range services {
		s := p.Services[name]
		if want.command == nil {
			require.Nil(t, s.Build, name)
			continue
		}
		require.NotNil(t, s.Build, name)
		require.Equal(t, want.command, []string(s.Command), name)
		cfg, err := config.Parse(environ(s))
		require.NoError(t, err, name)
		require.Equal(t, "temporal:7233", cfg.TemporalAddress)
		require.Equal(t, "godwit", cfg.TemporalNamespace)
		require.Contains(t, cfg.DatabaseURL, env["POSTGRES_GODWIT_PASSWORD"])
		require.Equal(t, env["GODWIT_ADMIN_KEY"], cfg.AdminKey)
		require.Len(t, cfg.EncryptionKeys, 1)
		require.EqualValues(t, 1e9, cfg.RetrySchedule[0], "a setting of .env must reach %s", name)
		require.NotEmpty(t, cfg.SMTPURL)
		require.NotEmpty(t, cfg.MailFrom)
		if !want.job {
			require.Equal(t, []string{"CMD", "/godwit", "healthcheck"}, []string(s.HealthCheck.Test))
		}
	}
	require.Greater(t, time.Duration(*p.Services["worker"].StopGracePeriod), config.MaxDeliveryTimeout)
}

func TestComposeKnowsEverySetting(t *testing.T) {
	settings, known := reflect.TypeFor[config.Config](), project(t).Services["api"].Environment
	for i := range settings.NumField() {
		require.Contains(t, known, settings.Field(i).Tag.Get("env"))
	}
}

func TestEnvExampleShowsSettingsThatGodwitTakes(t *testing.T) {
	text, known := read(t, ".env.example"), project(t).Services["worker"].Environment
	for _, m := range regexp.MustCompile(`(?m)^#?(GODWIT_\w+)=(.*)$`).FindAllStringSubmatch(text, -1) {
		name, value := m[1], m[2]
		if slices.Contains(secrets, name) {
			continue
		}
		_, err := config.Parse([]string{name + "=" + value})
		require.NoError(t, err, "the value shown in .env.example")
		require.Contains(t, known, name)
	}
}

func TestComposePublishesOnLoopbackAlone(t *testing.T) {
	published := map[string]string{}
	for name, s := range project(t).Services {
		for _, port := range s.Ports {
			require.Equal(t, "127.0.0.1", port.HostIP, name)
			published[name] = port.Published
		}
	}
	require.Equal(t, map[string]string{"api": "8080", "temporal-ui": "8233"}, published)
}

func TestComposeKeepsPostgresAndTemporalInside(t *testing.T) {
	p := project(t)
	require.True(t, bool(p.Networks["inside"].Internal))
	for _, name := range []string{"postgres", "temporal", "temporal-schema", "temporal-namespace", "migrate"} {
		require.Equal(t, []string{"inside"}, slices.Collect(maps.Keys(p.Services[name].Networks)), name)
	}
}

func TestComposeGivesGodwitNoPrivileges(t *testing.T) {
	p := project(t)
	for name, want := range services {
		s := p.Services[name]
		if want.command == nil {
			continue
		}
		require.True(t, s.ReadOnly, name)
		require.Equal(t, []string{"ALL"}, s.CapDrop, name)
		require.Equal(t, []string{"no-new-privileges:true"}, s.SecurityOpt, name)
		require.False(t, s.Privileged, name)
	}
}

func TestComposeFixesWhatTemporalNeeds(t *testing.T) {
	p := project(t)
	require.Equal(t, "128", *p.Services["temporal"].Environment["NUM_HISTORY_SHARDS"])
	require.Equal(t, tag(p, "temporal"), tag(p, "temporal-schema"))
	require.Equal(t, tag(p, "temporal"), tag(p, "temporal-namespace"))
	namespace := p.Services["temporal-namespace"].Environment
	require.Equal(t, "godwit", *namespace["NAMESPACE"])
	require.Equal(t, "7d", *namespace["RETENTION"])
	require.Equal(t, "WebhookId EventId EventType CompanyId Outcome", *namespace["SEARCH_ATTRIBUTES"])
}

func TestComposeScriptsAreShell(t *testing.T) {
	p := project(t)
	scripts := map[string]string{"postgres-init": p.Configs["postgres-init"].Content}
	for _, job := range []string{"temporal-schema", "temporal-namespace"} {
		require.Equal(t, []string{"/bin/sh", "-euc"}, []string(p.Services[job].Entrypoint))
		require.Len(t, p.Services[job].Command, 1)
		scripts[job] = p.Services[job].Command[0]
	}
	for name, script := range scripts {
		require.NotContains(t, script, "$$", "compose has one left to interpolate")
		cmd := exec.CommandContext(t.Context(), "sh", "-n")
		cmd.Stdin = strings.NewReader(script)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s: %s", name, out)
	}
}

func TestDockerfile(t *testing.T) {
	text := read(t, "Dockerfile")
	stages := regexp.MustCompile(`(?m)^FROM (\S+)`).FindAllStringSubmatchIndex(text, -1)
	require.Len(t, stages, 6, "the sources, the web app, the binary, the standalone's, its image, and what ships")
	build, final := text[:stages[3][0]], text[stages[5][0]:]

	for _, stage := range []int{0, 1, 4} {
		require.Regexp(t, pinned, text[stages[stage][2]:stages[stage][3]])
	}
	require.Regexp(t, `(?m)^USER [1-9]\d*:[1-9]\d*$`, text[stages[4][0]:stages[5][0]], "Postgres does not run as root")
	require.Regexp(t, `(?m)^COPY --from=web /src/web/dist web/dist$`, build)
	require.Regexp(t, `(?m)^ENV .*\bCGO_ENABLED=0\b`, build)
	require.Contains(t, build, `GOFLAGS="-tags=`+tags(t)+" ")
	require.Regexp(t, `go build .*-X main\.version=\$\{VERSION\}.* \./cmd/godwit`, build)

	require.Regexp(t, `(?m)^FROM scratch$`, final)
	require.Regexp(t, `(?m)^USER [1-9]\d*:[1-9]\d*$`, final, "a number, so that Kubernetes can tell that it is not root")
	require.Regexp(t, `(?m)^ENTRYPOINT \["/godwit"\]$`, final)
	copied := regexp.MustCompile(`(?m)^COPY (.*)$`).FindAllStringSubmatch(final, -1)
	require.Len(t, copied, 2, "the binary and the certificates, nothing else")

	goMod := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "go.mod"))
	require.Contains(t, build, "FROM golang:"+goMod[1]+".")
}

// TestDockerContextHoldsTheProduct follows the imports of cmd/godwit: each
// package must be in a folder that .dockerignore lets through.
func TestDockerContextHoldsTheProduct(t *testing.T) {
	imports := map[string][]string{}
	for _, file := range sources(t) {
		for _, spec := range file.Imports {
			if target, own := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), "godwit/"); own && !file.test {
				imports[file.dir] = append(imports[file.dir], target)
			}
		}
	}
	ignore := read(t, ".dockerignore")
	seen := map[string]bool{}
	for todo := []string{"cmd/godwit"}; len(todo) > 0; {
		pkg := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[pkg] {
			continue
		}
		seen[pkg] = true
		todo = append(todo, imports[pkg]...)
		folder, _, _ := strings.Cut(pkg, "/")
		require.Contains(t, ignore, "\n!"+folder+"/\n", "the product needs %s", pkg)
	}
}

func TestEnvIsMadeOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), ".env")
	makeEnv := func() error { return exec.CommandContext(t.Context(), "scripts/env", file).Run() }
	require.NoError(t, makeEnv())
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
	before := read(t, file)
	require.Error(t, makeEnv())
	require.Equal(t, before, read(t, file))
}

// filledEnv is .env.example with its secrets filled in, as scripts/env does it.
func filledEnv(t *testing.T) map[string]string {
	t.Helper()
	file := filepath.Join(t.TempDir(), ".env")
	require.NoError(t, exec.CommandContext(t.Context(), "scripts/env", file).Run())
	env, err := dotenv.Read(file)
	require.NoError(t, err)
	for _, name := range secrets {
		require.GreaterOrEqual(t, len(env[name]), 32, name)
	}
	return env
}

func load(ctx context.Context, env map[string]string) (*types.Project, error) {
	options, err := cli.NewProjectOptions([]string{"docker-compose.yml"})
	if err != nil {
		return nil, err
	}
	options.Environment = env
	return options.LoadProject(ctx)
}

func project(t *testing.T) *types.Project {
	t.Helper()
	p, err := load(t.Context(), filledEnv(t))
	require.NoError(t, err)
	return p
}

// environ is a service's environment as its process sees it.
func environ(s types.ServiceConfig) []string {
	var out []string
	for name, value := range s.Environment {
		if value != nil {
			out = append(out, name+"="+*value)
		}
	}
	return out
}

func tag(p *types.Project, service string) string {
	_, tag, _ := strings.Cut(p.Services[service].Image, ":")
	return tag
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}
