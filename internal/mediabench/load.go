package mediabench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pion/transport/v4"
	"github.com/pion/transport/v4/stdnet"
)

// load is what this process does: publishers and viewers of all subjects.
type load struct {
	// Fixed after construction.
	net    transport.Net
	pump   *pump
	ctx    context.Context
	cancel context.CancelFunc

	// Owned by the measurement.
	children []*child
	members  []*participant
	loops    sync.WaitGroup

	// Guarded by mu.
	mu     sync.Mutex
	failed error
}

func newLoad(ctx context.Context) (*load, error) {
	n, err := stdnet.NewNet() // shared: listing the interfaces costs more than a handshake
	if err != nil {
		return nil, fmt.Errorf("list network interfaces: %w", err)
	}
	l := &load{net: n}
	l.ctx, l.cancel = context.WithCancel(ctx)
	l.pump = startPump(l.ctx)
	return l, nil
}

func (l *load) launch(launcher Launcher, subject string, processors int) (*child, error) {
	c, err := launch(l.ctx, launcher, subject, processors)
	if err != nil {
		return nil, err
	}
	l.children = append(l.children, c)
	return c, nil
}

const (
	joinLanes = 8                    // participants that join at one time
	joinEvery = 2 * time.Millisecond // their sockets are read: handshakes wait for it
)

// joinAll lets participants join and become known to the pump.
func (l *load) joinAll(join joiner, name string, members []*participant) error {
	l.members = append(l.members, members...)
	type turn struct {
		*participant
		identity string
	}
	turns := make(chan turn)
	errs := make(chan error, len(members))
	var lanes sync.WaitGroup
	for range min(joinLanes, len(members)) {
		lanes.Go(func() {
			d := newDrainer()
			for t := range turns {
				if err := l.join(join, t.participant, t.identity, d); err != nil {
					errs <- err
					l.cancel() // the others need not try
				}
			}
		})
	}
	for i, p := range members {
		turns <- turn{p, fmt.Sprintf("%s-%d", name, i)}
	}
	close(turns)
	lanes.Wait()
	close(errs)
	return <-errs
}

// join lets one participant join. Until it has, its socket is read here.
func (l *load) join(join joiner, p *participant, identity string, d *drainer) error {
	ctx, cancel := context.WithTimeout(l.ctx, joinTimeout)
	defer cancel()
	joined := make(chan error, 1)
	go func() { joined <- join(ctx, p, identity) }()
	every := time.NewTicker(joinEvery)
	defer every.Stop()
	for {
		select {
		case err := <-joined:
			if err != nil {
				return fmt.Errorf("%s joins: %w", identity, err)
			}
			l.pump.add(p)
			return nil
		case <-every.C:
			p.link.drain(d)
		}
	}
}

// publish lets a publisher join and send, at the idle pace.
func (l *load) publish(join joiner, name string, p *publisher) error {
	if err := l.joinAll(join, name, []*participant{p.participant}); err != nil {
		return err
	}
	l.loops.Go(func() { l.note(p.run(l.ctx)) })
	return nil
}

// view lets viewers join, who send feedback so often; 0: ten times a second.
func (l *load) view(join joiner, a *audience, viewers int, feedback time.Duration) ([]*participant, error) {
	var all []*participant
	for range viewers {
		v := newViewer(a)
		if feedback > 0 {
			v.feedbackTicks = max(1, int(feedback/pumpEvery))
		}
		p, err := openParticipant(l.net, v, nil)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, l.joinAll(join, "viewer", all)
}

// bareViewers opens sockets that nobody joins by, for the floor.
func (l *load) bareViewers(a *audience, viewers int) (addresses []string, err error) {
	for range viewers {
		k, err := newLink(newViewer(a).rtp)
		if err != nil {
			return nil, err
		}
		p := &participant{link: k}
		l.members = append(l.members, p)
		l.pump.add(p)
		addresses = append(addresses, k.socket.local.String())
	}
	return addresses, nil
}

func (l *load) note(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = errors.Join(l.failed, err)
}

// wait lets time pass; the error is that of the load, or of ctx.
func (l *load) wait(d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-l.ctx.Done():
		return l.ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed
}

// close ends everything. Its error is of the children.
func (l *load) close() error {
	l.cancel()
	l.loops.Wait()
	<-l.pump.done
	var errs []error
	for _, c := range l.children {
		errs = append(errs, c.end())
	}
	var all sync.WaitGroup
	for _, p := range l.members {
		all.Go(p.close)
	}
	all.Wait()
	return errors.Join(errs...)
}
