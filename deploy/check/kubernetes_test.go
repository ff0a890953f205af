// Package check_test renders deploy/kubernetes as kubectl does, and holds every object
// to the types of Kubernetes's own API. It is a module for itself, so that the product
// needs nothing of that.
package check_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// cluster is what is rendered.
type cluster struct {
	deployments map[string]apps.Deployment
	job         batch.Job
	service     core.Service
	settings    core.ConfigMap
	account     core.ServiceAccount
	disruptions []policy.PodDisruptionBudget
	scalers     []autoscaling.HorizontalPodAutoscaler
}

func render(t *testing.T) cluster {
	t.Helper()
	all, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), "../kubernetes")
	require.NoError(t, err)
	c := cluster{deployments: map[string]apps.Deployment{}}
	for _, r := range all.Resources() {
		text, err := r.AsYAML()
		require.NoError(t, err)
		read := func(into any) { require.NoError(t, yaml.UnmarshalStrict(text, into), "%s", text) }
		switch kind := r.GetGvk().String(); kind {
		case "Deployment.v1.apps":
			var d apps.Deployment
			read(&d)
			c.deployments[d.Name] = d
		case "Job.v1.batch":
			read(&c.job)
		case "Service.v1.[noGrp]":
			read(&c.service)
		case "ConfigMap.v1.[noGrp]":
			read(&c.settings)
		case "ServiceAccount.v1.[noGrp]":
			read(&c.account)
		case "PodDisruptionBudget.v1.policy":
			c.disruptions = append(c.disruptions, policy.PodDisruptionBudget{})
			read(&c.disruptions[len(c.disruptions)-1])
		case "HorizontalPodAutoscaler.v2.autoscaling":
			c.scalers = append(c.scalers, autoscaling.HorizontalPodAutoscaler{})
			read(&c.scalers[len(c.scalers)-1])
		default:
			require.Fail(t, "an object of an unknown kind", kind)
		}
	}
	return c
}

func TestKubernetes_RunsBothRolesAndTheMigration(t *testing.T) {
	c := render(t)
	require.Len(t, c.deployments, 2)
	for _, role := range []string{"api", "worker"} {
		d := c.deployments["godwit-"+role]
		pod := d.Spec.Template.Spec
		require.Equal(t, []string{"serve", "--role", role}, pod.Containers[0].Args)
		require.Equal(t, d.Spec.Selector.MatchLabels["app.kubernetes.io/component"], role)
		for label, value := range d.Spec.Selector.MatchLabels {
			require.Equal(t, value, d.Spec.Template.Labels[label])
		}
		require.Equal(t, c.settings.Name, pod.Containers[0].EnvFrom[0].ConfigMapRef.Name, "with the hash of its content, so that a change rolls out")
		require.Equal(t, "godwit", pod.Containers[0].EnvFrom[1].SecretRef.Name)
		require.Greater(t, *pod.TerminationGracePeriodSeconds, int64(20))
	}
	require.Greater(t, *c.deployments["godwit-worker"].Spec.Template.Spec.TerminationGracePeriodSeconds, int64(30), "longer than the longest attempt")
	require.Equal(t, []string{"migrate", "up"}, c.job.Spec.Template.Spec.Containers[0].Args)
	for label, value := range c.service.Spec.Selector {
		require.Equal(t, value, c.deployments["godwit-api"].Spec.Template.Labels[label])
	}
}

func TestKubernetes_ProbesPortsThatAreThere(t *testing.T) {
	for name, d := range render(t).deployments {
		container := d.Spec.Template.Spec.Containers[0]
		ports := map[string]int32{}
		for _, p := range container.Ports {
			ports[p.Name] = p.ContainerPort
		}
		require.Equal(t, int32(9464), ports["ops"], name)
		for path, probe := range map[string]*core.Probe{"/healthz": container.LivenessProbe, "/readyz": container.ReadinessProbe} {
			require.Equal(t, path, probe.HTTPGet.Path, name)
			require.Contains(t, ports, probe.HTTPGet.Port.StrVal, name)
			require.Greater(t, probe.TimeoutSeconds, int32(3), "%s: /readyz takes up to 3 s", name)
		}
		require.Equal(t, "/healthz", container.StartupProbe.HTTPGet.Path)
	}
}

func TestKubernetes_GivesGodwitNoPrivileges(t *testing.T) {
	c := render(t)
	pods := []core.PodSpec{c.job.Spec.Template.Spec}
	for _, d := range c.deployments {
		pods = append(pods, d.Spec.Template.Spec)
	}
	for _, pod := range pods {
		require.True(t, *pod.SecurityContext.RunAsNonRoot)
		require.False(t, *pod.AutomountServiceAccountToken)
		require.Equal(t, c.account.Name, pod.ServiceAccountName)
		for _, container := range pod.Containers {
			require.True(t, *container.SecurityContext.ReadOnlyRootFilesystem)
			require.False(t, *container.SecurityContext.AllowPrivilegeEscalation)
			require.Equal(t, []core.Capability{"ALL"}, container.SecurityContext.Capabilities.Drop)
			require.NotEmpty(t, container.Resources.Requests)
		}
	}
}

func TestKubernetes_KeepsEnoughAndScalesByBacklog(t *testing.T) {
	c := render(t)
	require.Len(t, c.disruptions, 2)
	for _, b := range c.disruptions {
		require.Equal(t, b.Spec.Selector.MatchLabels, c.deployments[b.Name].Spec.Selector.MatchLabels)
		require.Less(t, b.Spec.MinAvailable.IntVal, *c.deployments[b.Name].Spec.Replicas, "else no node can be drained")
	}
	require.Len(t, c.scalers, 2)
	for _, h := range c.scalers {
		require.Contains(t, c.deployments, h.Spec.ScaleTargetRef.Name)
	}
	require.Equal(t, "godwit_deliveries_pending", c.scalers[1].Spec.Metrics[0].External.Metric.Name)
}
