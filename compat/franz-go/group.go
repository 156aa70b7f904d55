// The life of a consumer group of three processes: all join, one is killed without leaving, one is added.
// A member is this program started again, so that kill -9 is really that: no leave request, no last commit.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	groupPartitions = 6
	valuesPerStep   = 60
)

type memberEvent struct {
	Assigned []int32 `json:"assigned,omitempty"`
	Revoked  bool    `json:"revoked,omitempty"`
	Value    string  `json:"value,omitempty"`
}

// runMember joins the group and prints what it is assigned and what it consumes until SIGTERM.
func runMember(topic, groupID string) error {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	var printing sync.Mutex
	show := func(event memberEvent) {
		printing.Lock()
		defer printing.Unlock()
		_ = json.NewEncoder(os.Stdout).Encode(event) // The parent notices a member that it cannot hear.
	}
	lost := func(context.Context, *kgo.Client, map[string][]int32) { show(memberEvent{Revoked: true}) }
	client, err := newClient(append(groupOptions(groupID, topic),
		kgo.AutoCommitMarks(), kgo.AutoCommitInterval(500*time.Millisecond), kgo.BlockRebalanceOnPoll(),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, assigned map[string][]int32) {
			show(memberEvent{Assigned: assigned[topic]})
		}),
		kgo.OnPartitionsRevoked(func(ctx context.Context, client *kgo.Client, revoked map[string][]int32) {
			lost(ctx, client, revoked)
			_ = client.CommitMarkedOffsets(ctx) // Refused commits lead to repeated records, which the exercise allows.
		}),
		kgo.OnPartitionsLost(lost))...)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		client.PollFetches(ctx).EachRecord(func(record *kgo.Record) {
			show(memberEvent{Value: string(record.Value)})
			client.MarkCommitRecords(record)
		})
		client.AllowRebalance()
	}
	client.CloseAllowingRebalance()
	return nil
}

type member struct {
	command  *exec.Cmd
	assigned []int32
	ended    chan error
}

type group struct {
	mutex    sync.Mutex
	topic    string
	groupID  string
	members  map[string]*member
	seen     map[string]int
	produced []string
}

func (g *group) add(names ...string) error {
	for _, name := range names {
		command := exec.Command(os.Args[0], "member", g.topic, g.groupID)
		command.Stderr = os.Stderr
		output, err := command.StdoutPipe()
		if err = firstError(err, command.Start()); err != nil {
			return err
		}
		added := &member{command: command, ended: make(chan error, 1)}
		g.mutex.Lock()
		g.members[name] = added
		g.mutex.Unlock()
		go func() {
			lines := bufio.NewScanner(output)
			for lines.Scan() {
				g.take(added, lines.Bytes())
			}
			added.ended <- command.Wait()
		}()
	}
	return nil
}

func (g *group) take(from *member, line []byte) {
	var event memberEvent
	if json.Unmarshal(line, &event) != nil {
		return
	}
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if event.Value != "" {
		g.seen[event.Value]++
	} else {
		from.assigned = event.Assigned
	}
}

// isSettled tells whether every partition belongs to exactly one member, and no member stands idle.
func (g *group) isSettled() bool {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	owned := []int32{}
	for _, member := range g.members {
		if len(member.assigned) == 0 || len(member.ended) > 0 {
			return false
		}
		owned = append(owned, member.assigned...)
	}
	slices.Sort(owned)
	return slices.Equal(owned, []int32{0, 1, 2, 3, 4, 5})
}

func (g *group) settled(ctx context.Context) error {
	return until(ctx, "a complete assignment", g.isSettled)
}

func (g *group) produce(ctx context.Context, client *kgo.Client, step string) error {
	records := make([]*kgo.Record, valuesPerStep)
	for index := range records {
		value := fmt.Sprintf("%s-%d", step, index)
		g.produced = append(g.produced, value)
		records[index] = &kgo.Record{Topic: g.topic, Partition: int32(index % groupPartitions), Value: []byte(value)}
	}
	return client.ProduceSync(ctx, records...).FirstErr()
}

func (g *group) everythingSeen(ctx context.Context) error {
	return until(ctx, "the consumption of every record", func() bool {
		g.mutex.Lock()
		defer g.mutex.Unlock()
		return !slices.ContainsFunc(g.produced, func(value string) bool { return g.seen[value] == 0 })
	})
}

func (g *group) kill(name string) error {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	killed := g.members[name]
	delete(g.members, name)
	return killed.command.Process.Kill()
}

func (g *group) stop(ctx context.Context) error {
	for _, member := range g.members {
		if err := member.command.Process.Signal(syscall.SIGTERM); err != nil {
			return err
		}
	}
	for name, member := range g.members {
		select {
		case err := <-member.ended:
			if err != nil {
				return fmt.Errorf("member %s: %w", name, err)
			}
		case <-ctx.Done():
			return fmt.Errorf("member %s did not end", name)
		}
	}
	return nil
}

func exerciseGroup() {
	g := &group{groupID: name("group"), members: map[string]*member{}, seen: map[string]int{}}
	var client *kgo.Client
	check("three members share all partitions, each partition with exactly one", func(ctx context.Context) error {
		topic, err := createTopic(ctx, "group", groupPartitions)
		g.topic = topic
		if err == nil {
			client, err = newClient(kgo.RecordPartitioner(kgo.ManualPartitioner()))
		}
		return firstError(err, g.add("first", "second", "third"), g.settled(ctx))
	})
	if client == nil {
		return
	}
	defer client.Close()
	check("the group consumes every record", func(ctx context.Context) error {
		return firstError(g.produce(ctx, client, "three"), g.everythingSeen(ctx))
	})
	check("after kill -9 of a member the two others own all partitions", func(ctx context.Context) error {
		return firstError(g.kill("second"), g.produce(ctx, client, "killed"), g.settled(ctx))
	})
	check("an added member gets its share", func(ctx context.Context) error {
		return firstError(g.add("fourth"), g.settled(ctx))
	})
	check("no record is missed over all rebalances, none is invented", func(ctx context.Context) error {
		err := firstError(g.produce(ctx, client, "added"), g.everythingSeen(ctx))
		return firstError(err, same("distinct records", len(g.seen), len(g.produced)))
	})
	check("members that are told to stop end in good time", g.stop)
	for _, member := range g.members {
		_ = member.command.Process.Kill() // It has ended already, unless a check before this failed.
	}
}
