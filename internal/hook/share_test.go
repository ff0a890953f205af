package hook_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestInFlight_OfOwner(t *testing.T) {
	for name, tc := range map[string]struct {
		f    hook.InFlight
		want int
	}{
		"alone":                                {hook.InFlight{Alone: true}, 1024},
		"alone, it takes half":                 {hook.InFlight{Alone: true, All: 1024, Owner: 1024}, 0},
		"a newcomer beside it":                 {hook.InFlight{All: 1024}, 256},
		"beside one that needs little":         {hook.InFlight{All: 10, Owner: 4}, 506},
		"it has a quarter":                     {hook.InFlight{All: 512, Owner: 512}, 0},
		"a newcomer beside three that have it": {hook.InFlight{All: 3 * 512}, 128},
		"it has more, since it was alone":      {hook.InFlight{All: 1100, Owner: 1024}, 0},
		"everything is taken, by none of them": {hook.InFlight{All: 2048}, 0},
	} {
		require.Equal(t, tc.want, tc.f.OfOwner(), name)
	}
}

func TestInFlight_OfWebhook(t *testing.T) {
	for name, tc := range map[string]struct {
		f    hook.InFlight
		want int
	}{
		"nothing is under way":                  {hook.InFlight{}, 256},
		"alone, two that have all they may":     {hook.InFlight{Alone: true, All: 512, Owner: 512, Webhook: 256}, 0},
		"as many as a webhook may have":         {hook.InFlight{All: 256, Owner: 256, Webhook: 256}, 0},
		"its owner has no room":                 {hook.InFlight{All: 1024, Owner: 1024, Webhook: 1}, 0},
		"slow, alone":                           {hook.InFlight{Slow: true}, 170},
		"slow, and has what it may":             {hook.InFlight{Slow: true, All: 170, Owner: 170, Webhook: 170, AllSlow: 170, OwnerSlow: 170}, 0},
		"slow, one of eight":                    {hook.InFlight{Slow: true, All: 8 * 51, Owner: 51, Webhook: 51, AllSlow: 8 * 51, OwnerSlow: 51}, 0},
		"slow, the owner has its share of it":   {hook.InFlight{Slow: true, All: 256, Owner: 256, AllSlow: 256, OwnerSlow: 256}, 0},
		"slow, another owner has its share":     {hook.InFlight{Slow: true, All: 256, AllSlow: 256}, 85},
		"not slow, beside slow ones of another": {hook.InFlight{All: 512, AllSlow: 512}, 256},
		"not slow, beside slow ones of its own": {hook.InFlight{All: 256, Owner: 256, AllSlow: 256, OwnerSlow: 256}, 256},
	} {
		require.Equal(t, tc.want, tc.f.OfWebhook(), name)
	}
}

func TestInFlight_YoungOnes(t *testing.T) {
	require.Equal(t, 200, hook.InFlight{}.YoungOnes())
	require.Zero(t, hook.InFlight{Young: 200, YoungOfOwner: 200}.YoungOnes())
	require.Equal(t, 200, hook.InFlight{Young: 200}.YoungOnes())
	require.Zero(t, hook.InFlight{Young: 400}.YoungOnes())
}

func TestMeanDuration_ForgetsOneThatHung(t *testing.T) {
	mean := hook.MeanDuration(0, 10*time.Millisecond)
	mean = hook.MeanDuration(mean, 30*time.Second)
	require.Greater(t, mean, hook.SlowAfter)
	for range 5 {
		mean = hook.MeanDuration(mean, 10*time.Millisecond)
	}
	require.Less(t, mean, hook.SlowAfter)
}
