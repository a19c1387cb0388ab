package connectbench

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/heliograph/heliograph/pkg/client"
	"github.com/heliograph/heliograph/pkg/signaling"
)

const (
	joinPatience = 20 * time.Second // for one participant to join and to connect
	atOnce       = 8                // joins that go on at the same time
	tokenLife    = time.Hour
)

// crew are the participants that this process plays.
type crew struct {
	engine *client.Engine
	ready  Ready

	// Guarded by mu.
	mu      sync.Mutex
	members []*client.Participant
}

// join brings a participant into a room and waits until media can flow.
func (c *crew) join(ctx context.Context, room, identity string, config client.Config) (*client.Participant, error) {
	ctx, cancel := context.WithTimeout(ctx, joinPatience)
	defer cancel()
	keys := signaling.Keys{c.ready.KeyID: []byte(c.ready.Secret)}
	token, err := keys.Mint(c.ready.KeyID, signaling.Claims{
		Identity: identity, Room: room, Expires: time.Now().Add(tokenLife), Grants: signaling.AllGrants(),
	})
	if err != nil {
		return nil, err
	}
	config.Engine, config.URL, config.Token, config.Room = c.engine, c.ready.URL, token, room
	p, err := client.Join(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("%s joins: %w", identity, err)
	}
	c.mu.Lock()
	c.members = append(c.members, p)
	c.mu.Unlock()
	select {
	case <-p.Connected():
		return p, nil
	case <-p.Done():
		return nil, fmt.Errorf("%s connects: %w", identity, p.Err())
	case <-ctx.Done():
		return nil, fmt.Errorf("%s connects: %w", identity, ctx.Err())
	}
}

// joinAll joins many, a few at a time; room names the room of each.
func (c *crew) joinAll(ctx context.Context, n int, name string, room func(i int) string, config client.Config) ([]*client.Participant, error) {
	out := make([]*client.Participant, n)
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var joining sync.WaitGroup
	places := make(chan struct{}, atOnce)
	for i := range n {
		places <- struct{}{}
		joining.Go(func() {
			defer func() { <-places }()
			var err error
			if out[i], err = c.join(ctx, room(i), fmt.Sprintf("%s%d", name, i), config); err != nil {
				fail(err)
			}
		})
	}
	joining.Wait()
	return out, context.Cause(ctx)
}

// leave ends all participants, and waits until the server has said goodbye to each.
func (c *crew) leave(ctx context.Context) {
	c.mu.Lock()
	members := c.members
	c.members = nil
	c.mu.Unlock()
	var leaving sync.WaitGroup
	for _, p := range members {
		leaving.Go(func() { _ = p.Leave(ctx) }) // it is over in any case
	}
	leaving.Wait()
}
