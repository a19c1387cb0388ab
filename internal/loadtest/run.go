package loadtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/heliograph/heliograph/pkg/client"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// ErrNothing tells that no participant could join.
var ErrNothing = errors.New("nobody could join")

const (
	joinTimeout   = 15 * time.Second
	leaveTimeout  = 3 * time.Second
	joinsAtOnce   = 8  // without a ramp
	leavesAtOnce  = 32 // at the end
	tooManyErrors = 10 // in a row: the rest would fail too
)

// test is a running load test.
type test struct {
	// Fixed after construction.
	config Config
	start  time.Time
	name   string // of the rooms, before their number
	base   string // of the server
	engine *client.Engine
	server *child // nil: the server is another's
	loops  sync.WaitGroup

	// Atomic.
	windowFrom, windowTo atomic.Int64 // time.Duration; 0: not yet

	joins, firstFrames, latency, audioLatency histogram
	delay                                     histogram // of what publishers do every 20 or 33 ms

	// Owned by the goroutine of Run.
	atBegin, atEnd moment // of the window
	crowd          crowd

	// Guarded by mu.
	mu           sync.Mutex
	participants []*client.Participant
	receivers    []*client.Participant // of them, the subscribers
	subscribers  []*subscriber
	failed       int
	failure      error // the first one
}

// Run plays a load test and returns what was measured. When ctx ends, it stops early and returns what was measured so far. The error wraps
// ErrConfig if the test cannot be played, and ErrNothing if nobody could join.
func Run(ctx context.Context, c Config) (*Report, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	t := &test{config: c, start: time.Now(), name: "loadtest-" + strings.ToLower(rand.Text()[:6]), base: c.URL}
	if c.URL == "" {
		server, err := startChild(ctx, &c)
		if err != nil {
			return nil, err
		}
		defer server.stop()
		t.server, t.base = server, server.url
	}
	var err error
	if t.engine, err = newEngine(t.base); err != nil {
		return nil, err
	}
	if c.Browsers > 0 {
		if t.crowd.driver, err = startDriver(ctx, c.browsers(t.base, t.name)); err != nil {
			return nil, err
		}
		t.crowd.failed = map[int]bool{}
		defer t.crowd.driver.stop()
	}
	return t.run(ctx)
}

// newEngine makes participants that send from the one address of this machine from which the server is reached.
func newEngine(base string) (*client.Engine, error) {
	u, err := url.Parse(base)
	if err != nil || u.Hostname() == "" {
		return nil, fmt.Errorf("%w: --url %s is no address, write it as http://localhost:8080", ErrConfig, base)
	}
	c := client.EngineConfig{}
	if conn, err := net.Dial("udp", net.JoinHostPort(u.Hostname(), "9")); err == nil { // nothing is sent
		if local, ok := conn.LocalAddr().(*net.UDPAddr); ok {
			c.LocalIP = local.IP.Equal
		}
		_ = conn.Close() // only its address was wanted
	}
	return client.NewEngine(c)
}

func (t *test) run(ctx context.Context) (*Report, error) {
	defer t.leave()
	sending, stop := context.WithCancel(context.Background())
	defer t.loops.Wait()
	defer stop()
	progress := t.watch()
	defer progress.end()
	before := t.usage()
	joined := t.now()
	t.joinAll(ctx, sending)
	took := t.now() - joined
	if t.count() == 0 {
		return nil, errors.Join(ErrNothing, t.failure)
	}
	cost := joinCost(before, t.usage(), t.count())
	t.joinBrowsers(ctx)
	t.beginBrowsers(ctx)
	t.measure(ctx)
	t.endBrowsers()
	report := t.report(took, before)
	maps.Copy(report.Figures, cost)
	report.Interrupted = ctx.Err() != nil
	return report, nil
}

// now is the time since the test began.
func (t *test) now() time.Duration { return time.Since(t.start) }

// began is when the window began; 0: not yet.
func (t *test) began() time.Duration { return time.Duration(t.windowFrom.Load()) }

// measuring tells whether a time is in the window.
func (t *test) measuring(at time.Duration) bool {
	to := time.Duration(t.windowTo.Load())
	return t.began() != 0 && at >= t.began() && (to == 0 || at <= to)
}

func (t *test) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.participants)
}

// measure waits for the window to pass.
func (t *test) measure(ctx context.Context) {
	t.windowFrom.Store(int64(t.now()))
	t.mark(&t.atBegin)
	timer := time.NewTimer(t.config.Duration)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-t.serverEnded():
	}
	t.windowTo.Store(int64(t.now()))
	t.mark(&t.atEnd)
}

// role is one participant that is to join.
type role struct {
	room, identity string
	publishes      bool
	seed           uint64
}

// roomName is the name of a room by its index.
func roomName(name string, room int) string { return fmt.Sprintf("%s-%d", name, room+1) }

// roles lists all participants: the publishers of all rooms first.
func (t *test) roles() []role {
	var out []role
	add := func(n int, what string, publishes bool) {
		for i := range n {
			for room := range t.config.Rooms {
				out = append(out, role{
					roomName(t.name, room), fmt.Sprintf("%s-%d", what, i+1), publishes, uint64(len(out)),
				})
			}
		}
	}
	add(t.config.Publishers, "publisher", true)
	add(t.config.Subscribers, "subscriber", false)
	return out
}

// joinAll brings everybody in: spread over the ramp, or a few at once. The publishers are all there before the first subscriber.
func (t *test) joinAll(ctx, sending context.Context) {
	roles := t.roles()
	publishers := t.config.Rooms * t.config.Publishers
	start := t.now()
	for _, part := range [][]role{roles[:publishers], roles[publishers:]} {
		places := make(chan struct{}, joinsAtOnce)
		if t.config.Ramp > 0 {
			places = make(chan struct{}, MaxParticipants)
		}
		var joins sync.WaitGroup
		for _, r := range part {
			if !t.await(ctx, start+t.config.Ramp*time.Duration(r.seed)/time.Duration(len(roles)), places) {
				break
			}
			joins.Go(func() {
				defer func() { <-places }()
				t.joined(t.join(ctx, sending, r))
			})
		}
		joins.Wait()
	}
}

// await waits for the time of a join and for a place; false if there is nothing to wait for any more.
func (t *test) await(ctx context.Context, at time.Duration, places chan struct{}) bool {
	timer := time.NewTimer(at - t.now())
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return false
	}
	select {
	case places <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failed < tooManyErrors || t.failed < len(t.participants)
}

// joined counts a failure.
func (t *test) joined(err error) {
	if err == nil || errors.Is(err, context.Canceled) {
		return
	}
	t.mu.Lock()
	t.failed++
	t.mu.Unlock()
	t.fail(err)
}

// fail keeps the first failure.
func (t *test) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failure == nil {
		t.failure = err
	}
}

// join brings one participant in and waits until its media path is there.
func (t *test) join(ctx, sending context.Context, r role) error {
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	c := client.Config{
		Engine: t.engine, URL: t.base, Room: r.room, Identity: r.identity,
		Slots: client.Slots{Audio: -1, Video: -1},
	}
	if t.config.Token != nil {
		var err error
		if c.Token, err = t.config.Token(r.room, r.identity); err != nil {
			return err
		}
	}
	started := t.now()
	s := t.newSubscriber(started, r.seed)
	if r.publishes {
		c.Publish = t.config.formats()
	} else {
		t.receive(&c, s)
	}
	p, err := client.Join(ctx, c)
	if err != nil {
		return fmt.Errorf("%s: %w", r.identity, err)
	}
	t.mu.Lock()
	t.participants = append(t.participants, p)
	if !r.publishes {
		t.subscribers, t.receivers = append(t.subscribers, s), append(t.receivers, p)
	}
	t.mu.Unlock()
	return t.connected(ctx, sending, p, s, r)
}

// receive makes the slots of a subscriber: one for each camera, and three for the loudest.
func (t *test) receive(c *client.Config, s *subscriber) {
	c.Slots = client.Slots{Audio: -1, Video: -1, Codec: videos[t.config.Video].codec}
	if t.config.Video != NoVideo {
		c.Slots.Video = t.config.Publishers
	}
	if t.config.Audio {
		c.Slots.Audio = min(t.config.Publishers, 3)
	}
	c.OnPacket = s.packet
	if t.config.Loss > 0 || t.config.Tamper != nil {
		c.Filter = s.filter
	}
}

// connected begins what a participant does once its media path is there.
func (t *test) connected(ctx, sending context.Context, p *client.Participant, s *subscriber, r role) error {
	select {
	case <-p.Connected():
	case <-p.Done():
		return fmt.Errorf("%s: %w", r.identity, p.Err())
	case <-ctx.Done():
		return fmt.Errorf("%s: no media path within %v: %w", r.identity, joinTimeout, ctx.Err())
	}
	now := t.now()
	t.joins.add(now - s.started)
	if r.publishes {
		return t.publish(sending, p, r.identity)
	}
	s.mu.Lock()
	s.connected = now
	s.mu.Unlock()
	return p.View(ctx, t.view(p)...)
}

// view wants the cameras of all publishers that are in the room, at the size of their tiles.
func (t *test) view(p *client.Participant) []signaling.ViewItem {
	width, height := t.config.tile()
	var out []signaling.ViewItem
	for _, q := range p.Participants() {
		for _, pub := range q.Publications {
			if pub.Kind == signaling.KindVideo {
				out = append(out, signaling.ViewItem{Publication: pub.ID, Width: width, Height: height})
			}
		}
	}
	return out
}

// leave ends all participants, many at once.
func (t *test) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), leaveTimeout)
	defer cancel()
	var all sync.WaitGroup
	places := make(chan struct{}, leavesAtOnce)
	for _, p := range t.participants {
		places <- struct{}{}
		all.Go(func() {
			_ = p.Leave(ctx) // it is closed in any case
			<-places
		})
	}
	all.Wait()
}
