package main

import (
	"context"
	"time"
)

// peak samples the memory until it is stopped, or its context ends.
type peak struct {
	end  chan struct{}
	most chan float64
}

// sampleEvery is how far apart samples are. Reading Postgres's memory walks the
// page tables of all its processes, which takes CPU from what is measured.
const sampleEvery = 5 * time.Second

func watchPeak(ctx context.Context, memory func() *memoryCost) *peak {
	p := &peak{end: make(chan struct{}), most: make(chan float64, 1)}
	go func() {
		tick := time.NewTicker(sampleEvery)
		defer tick.Stop()
		most := 0.0
		for {
			select {
			case <-p.end:
				p.most <- most
				return
			case <-ctx.Done():
				p.most <- most
				return
			case <-tick.C:
				if now := memory(); now != nil {
					most = max(most, now.total())
				}
			}
		}
	}()
	return p
}

// stop gives the most that was seen, in MiB.
func (p *peak) stop() float64 {
	close(p.end)
	return <-p.most
}
