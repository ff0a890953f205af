package godwit_test

import (
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"
)

// observed is the project with the profile observe.
func observed(t *testing.T) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{"docker-compose.yml"}, cli.WithProfiles([]string{"observe"}))
	require.NoError(t, err)
	options.Environment = filledEnv(t)
	p, err := options.LoadProject(t.Context())
	require.NoError(t, err)
	return p
}

func TestComposeObserve_AddsASecondProcessOfEachRole(t *testing.T) {
	p := observed(t)
	added := slices.DeleteFunc(p.ServiceNames(), func(name string) bool { _, known := services[name]; return known })
	require.ElementsMatch(t, []string{"api-2", "worker-2", "prometheus", "grafana"}, added)
	for _, name := range []string{"api", "worker"} {
		one, two := p.Services[name], p.Services[name+"-2"]
		require.Equal(t, one.Command, two.Command)
		require.Equal(t, one.Environment, two.Environment)
		require.Equal(t, one.HealthCheck, two.HealthCheck)
		require.Equal(t, one.DependsOn, two.DependsOn)
		require.Equal(t, one.StopGracePeriod, two.StopGracePeriod)
		require.True(t, two.ReadOnly)
		require.Equal(t, []string{"ALL"}, two.CapDrop)
	}
}

func TestComposeObserve_ScrapesEachProcess(t *testing.T) {
	p := observed(t)
	targets := regexp.MustCompile(`[a-z0-9-]+:9464`).FindAllString(read(t, "deploy/prometheus/prometheus.yml"), -1)
	require.Equal(t, []string{"api:9464", "api-2:9464", "worker:9464", "worker-2:9464"}, targets)
	for _, name := range []string{"api", "api-2", "worker", "worker-2"} {
		require.Equal(t, "0.0.0.0:9464", *p.Services[name].Environment["GODWIT_OPS_ADDR"])
		require.Contains(t, slices.Collect(maps.Keys(p.Services[name].Networks)), "inside")
	}
	for config, file := range map[string]string{"prometheus": "deploy/prometheus/prometheus.yml", "prometheus-rules": "deploy/prometheus/rules.yml", "grafana-dashboard": "deploy/grafana/godwit.json"} {
		require.Regexp(t, file+"$", p.Configs[config].File)
	}
}

func TestComposeObserve_PublishesOnLoopbackAlone(t *testing.T) {
	published := map[string]string{}
	for name, s := range observed(t).Services {
		for _, port := range s.Ports {
			require.Equal(t, "127.0.0.1", port.HostIP, name)
			published[name] = port.Published
		}
		if s.Build == nil {
			require.Regexp(t, pinned, s.Image, name)
		}
	}
	require.Equal(t, map[string]string{"api": "8080", "api-2": "8081", "temporal-ui": "8233", "prometheus": "9090", "grafana": "3000"}, published)
}
