package activities

import (
	"context"
	"errors"
	"sync"
	"time"

	"godwit/internal/hook"
)

const (
	// finishWithin is how long ends are tried to be written down that are not kept.
	finishWithin = 8 * time.Second
	// keepTry bounds one try to write down what is kept. It is longer than two waits
	// for a lock, which say by themselves that all else is in order.
	keepTry = 20 * time.Second
	// finishAgainAfter is the first pause between two tries; each is twice as long
	// as the one before, up to finishPause. The first process to write after an
	// outage should be one that knows something.
	finishAgainAfter = 100 * time.Millisecond
	finishPause      = 500 * time.Millisecond
	// maxKept is how many ends may wait to be written. Each may hold 64 KiB of an
	// answer. Those beyond are tried for finishWithin.
	maxKept = 4096
)

// kept counts the ends of attempts that are not written yet. The zero value is
// ready.
type kept struct {
	mu    sync.Mutex
	ends  int
	tries int // of which the last one found the database out of reach
}

func (k *kept) add(n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ends += n
}

func (k *kept) away(n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tries += n
}

// blocked says whether known outcomes wait for the database to come back: nothing
// new is begun before they are written.
func (k *kept) blocked() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.tries > 0
}

func (k *kept) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.ends
}

func (k *kept) tooMany() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.ends > maxKept
}

// keep tries to write ends down until that is done, or this process ends: it
// alone knows these outcomes, and what is not written is sent again.
func (a *Activities) keep(write func(ctx context.Context) error) error {
	stopped := a.firsts.context().Done()
	began, away := time.Now(), 0
	defer func() { a.kept.away(-away) }()
	for pause := finishAgainAfter; ; pause = min(2*pause, finishPause) {
		ctx, cancel := context.WithTimeout(context.Background(), keepTry)
		err := write(ctx)
		cancel()
		if hook.CodeOf(err) != hook.CodeUnavailable {
			return err
		}
		is := 1
		if errors.Is(err, hook.ErrLocked) {
			is = 0
		}
		a.kept.away(is - away)
		away = is
		if time.Since(began) > finishWithin && a.kept.tooMany() {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-stopped:
			timer.Stop()
			return err
		}
	}
}

// outlast is keep for what is no loss when it is not written: it gives up after
// finishWithin.
func outlast(write func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), finishWithin)
	defer cancel()
	tick := time.NewTicker(finishAgainAfter)
	defer tick.Stop()
	for {
		err := write(ctx)
		if hook.CodeOf(err) != hook.CodeUnavailable {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return err
		}
	}
}
