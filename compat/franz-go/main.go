// franz-go against a broker that must not notice the difference.
package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

func newClient(options ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(bootstrap), kgo.FetchMaxWait(100 * time.Millisecond)}, options...)...)
}

func groupOptions(groupID, topic string) []kgo.Opt {
	return []kgo.Opt{
		kgo.ConsumerGroup(groupID), kgo.ConsumeTopics(topic), kgo.Balancers(kgo.RangeBalancer()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.SessionTimeout(6 * time.Second), kgo.HeartbeatInterval(500 * time.Millisecond),
	}
}

func withAdmin(use func(admin *kadm.Client) error) error {
	client, err := newClient()
	if err != nil {
		return err
	}
	defer client.Close()
	return use(kadm.NewClient(client))
}

// createTopic returns when every partition answers, which is a moment after the metadata names the leaders.
func createTopic(ctx context.Context, purpose string, partitions int32) (string, error) {
	topic := name(purpose)
	return topic, withAdmin(func(admin *kadm.Client) error {
		_, err := admin.CreateTopic(ctx, partitions, 1, nil, topic)
		return firstError(err, until(ctx, "offsets of "+topic, func() bool {
			ends, err := admin.ListEndOffsets(ctx, topic)
			return firstError(err, ends.Error()) == nil && len(ends[topic]) == int(partitions)
		}))
	})
}

func checkCodec(ctx context.Context, codecName string, codec kgo.CompressionCodec) error {
	topic, err := createTopic(ctx, "codec-"+codecName, 3)
	if err != nil {
		return err
	}
	client, err := newClient(kgo.ProducerBatchCompression(codec), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerLinger(20*time.Millisecond))
	if err != nil {
		return err
	}
	defer client.Close()
	var records []*kgo.Record
	for partition := range 3 {
		for _, record := range sampleRecords(partition) {
			record.Topic, record.Partition = topic, int32(partition)
			records = append(records, record)
		}
	}
	if err := client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return err
	}
	stored, err := readTopic(ctx, topic)
	for partition := range 3 {
		for index, expected := range sampleRecords(partition) {
			if err != nil || len(stored[int32(partition)]) != len(sampleRecords(partition)) {
				return firstError(err, fmt.Errorf("%d records in partition %d", len(stored[int32(partition)]), partition))
			}
			err = same(fmt.Sprintf("record %d", index), readable(stored[int32(partition)][index]), readable(expected))
		}
	}
	return err
}

func checkTopicLife(ctx context.Context) error {
	topic, retention := name("admin"), "3600000"
	return withAdmin(func(admin *kadm.Client) error {
		_, err := admin.CreateTopic(ctx, 2, 1, map[string]*string{"retention.ms": &retention}, topic)
		_, again := admin.CreateTopic(ctx, 2, 1, nil, topic)
		_, grown := admin.CreatePartitions(ctx, 1, topic)
		if err = firstError(err, refusedWith(again, kerr.TopicAlreadyExists), grown); err != nil {
			return err
		}
		err = until(ctx, "three partitions", func() bool {
			topics, err := admin.ListTopics(ctx, topic)
			return err == nil && len(topics[topic].Partitions) == 3
		})
		configs, describeErr := admin.DescribeTopicConfigs(ctx, topic)
		if err = firstError(err, describeErr); err != nil {
			return err
		}
		for _, config := range configs[0].Configs {
			if config.Key == "retention.ms" {
				err = same("retention.ms", config.MaybeValue(), retention)
			}
		}
		deleted, deleteErr := admin.DeleteTopic(ctx, topic)
		return firstError(err, deleteErr, deleted.Err, until(ctx, "the end of the topic", func() bool {
			topics, err := admin.ListTopics(ctx)
			return err == nil && !topics.Has(topic)
		}))
	})
}

func checkOffsetsByTime(ctx context.Context) error {
	topic, err := createTopic(ctx, "times", 1)
	if err != nil {
		return err
	}
	client, err := newClient()
	if err != nil {
		return err
	}
	defer client.Close()
	for step := range int64(3) {
		record := &kgo.Record{Topic: topic, Value: []byte("x"), Timestamp: time.UnixMilli(baseTimestamp + step*1000)}
		if err := client.ProduceSync(ctx, record).FirstErr(); err != nil {
			return err
		}
	}
	admin := kadm.NewClient(client)
	found := func(listed kadm.ListedOffsets, err error) string {
		offset, _ := listed.Lookup(topic, 0)
		return fmt.Sprintf("%d@%d %v", offset.Offset, offset.Timestamp, firstError(err, offset.Err))
	}
	at := func(step, offset int64) string { return fmt.Sprintf("%d@%d <nil>", offset, baseTimestamp+step) }
	return firstError(
		same("before the first", found(admin.ListOffsetsAfterMilli(ctx, baseTimestamp-5, topic)), at(0, 0)),
		same("at the second", found(admin.ListOffsetsAfterMilli(ctx, baseTimestamp+1000, topic)), at(1000, 1)),
		same("past the second", found(admin.ListOffsetsAfterMilli(ctx, baseTimestamp+1001, topic)), at(2000, 2)),
		same("past the last", found(admin.ListOffsetsAfterMilli(ctx, baseTimestamp+9000, topic)), "3@-1 <nil>"),
		same("start", found(admin.ListStartOffsets(ctx, topic)), "0@-1 <nil>"),
		same("end", found(admin.ListEndOffsets(ctx, topic)), "3@-1 <nil>"),
		same("largest timestamp", found(admin.ListMaxTimestampOffsets(ctx, topic)), at(2000, 2)))
}

func checkGroupAdministration(ctx context.Context) error {
	topic, err := createTopic(ctx, "admin-group", 1)
	if err != nil {
		return err
	}
	groupID := name("admin-group")
	return withAdmin(func(admin *kadm.Client) error {
		offsets := kadm.Offsets{}
		offsets.AddOffset(topic, 0, 7, -1)
		err := admin.CommitAllOffsets(ctx, groupID, offsets)
		described, describeErr := admin.DescribeGroups(ctx, groupID)
		listed, listErr := admin.ListGroups(ctx)
		fetched, fetchErr := admin.FetchOffsets(ctx, groupID)
		committed, _ := fetched.Lookup(topic, 0)
		deleted, deleteErr := admin.DeleteGroup(ctx, groupID)
		after, afterErr := admin.ListGroups(ctx)
		return firstError(err, describeErr, listErr, fetchErr, deleteErr, deleted.Err, afterErr,
			same("state", described[groupID].State, "Empty"),
			same("listed", slices.Contains(listed.Groups(), groupID), true),
			same("committed", committed.At, 7),
			same("listed afterwards", slices.Contains(after.Groups(), groupID), false))
	})
}

func checkOffsetsOverRestart(ctx context.Context) error {
	topic, err := createTopic(ctx, "restart", 2)
	if err != nil {
		return err
	}
	groupID := name("restart")
	producer, err := newClient(kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		return err
	}
	defer producer.Close()
	produce := func(from, to int) error {
		var records []*kgo.Record
		for number := from; number < to; number++ {
			for partition := range int32(2) {
				records = append(records, &kgo.Record{Topic: topic, Partition: partition, Value: fmt.Append(nil, number)})
			}
		}
		return producer.ProduceSync(ctx, records...).FirstErr()
	}
	offsets := kadm.Offsets{}
	offsets.AddOffset(topic, 0, 5, -1)
	offsets.AddOffset(topic, 1, 12, -1)
	err = firstError(produce(0, 20), kadm.NewClient(producer).CommitAllOffsets(ctx, groupID, offsets))
	if err != nil {
		return err
	}
	consumer, err := newClient(append(groupOptions(groupID, topic), kgo.DisableAutoCommit())...)
	if err != nil {
		return err
	}
	defer consumer.Close()
	seen := map[int32][]string{}
	read := func(first, second int) error {
		for ctx.Err() == nil && (len(seen[0]) < first || len(seen[1]) < second) {
			consumer.PollFetches(ctx).EachRecord(func(record *kgo.Record) {
				seen[record.Partition] = append(seen[record.Partition], string(record.Value))
			})
		}
		return ctx.Err()
	}
	// Committed before the restart, not after: a member that has to join again starts from what the broker kept.
	err = firstError(read(15, 8), consumer.CommitUncommittedOffsets(ctx),
		controlBroker("restart"), produce(20, 25), read(20, 13))
	if err != nil {
		return err
	}
	numbers := func(from int) (expected []string) {
		for number := from; number < 25; number++ {
			expected = append(expected, fmt.Sprint(number))
		}
		return expected
	}
	fetched, err := kadm.NewClient(producer).FetchOffsets(ctx, groupID)
	first, _ := fetched.Lookup(topic, 0)
	second, _ := fetched.Lookup(topic, 1)
	return firstError(err, same("committed", []int64{first.At, second.At}, []int64{20, 20}),
		same("partition 0", seen[0], numbers(5)), same("partition 1", seen[1], numbers(12)))
}

// exerciseIdempotence writes three partitions with several requests in flight while the broker is killed.
func exerciseIdempotence() {
	const acknowledgedBeforeKill, roundsAfterKill = 150, 50
	topic := ""
	sent := map[int32][]string{}
	check("an idempotent producer goes on over a kill -9 of the broker", func(ctx context.Context) error {
		created, err := createTopic(ctx, "idempotence", 3)
		if err != nil {
			return err
		}
		topic = created
		client, err := newClient(kgo.RecordPartitioner(kgo.ManualPartitioner()))
		if err != nil {
			return err
		}
		defer client.Close()
		var mutex sync.Mutex
		acknowledged, refusals := 0, []error(nil)
		settle := func(_ *kgo.Record, err error) {
			mutex.Lock()
			defer mutex.Unlock()
			acknowledged++
			if err != nil {
				refusals = append(refusals, err)
			}
		}
		sendRound := func() bool {
			for partition := range int32(3) {
				value := fmt.Sprintf("%d:%d", partition, len(sent[partition]))
				sent[partition] = append(sent[partition], value)
				client.Produce(ctx, &kgo.Record{Topic: topic, Partition: partition, Value: []byte(value)}, settle)
			}
			time.Sleep(2 * time.Millisecond)
			mutex.Lock()
			defer mutex.Unlock()
			return acknowledged >= acknowledgedBeforeKill
		}
		for !sendRound() && ctx.Err() == nil {
			continue
		}
		killed := make(chan error, 1)
		go func() { killed <- controlBroker("kill") }()
		for len(killed) == 0 {
			sendRound()
		}
		for range roundsAfterKill {
			sendRound()
		}
		return firstError(<-killed, client.Flush(ctx), same("refusals", refusals, []error(nil)))
	})
	check("every acknowledged record is there exactly once and in order", func(ctx context.Context) error {
		stored, err := readTopic(ctx, topic)
		for partition := range int32(3) {
			what := fmt.Sprintf("partition %d, %d of %d records", partition, len(stored[partition]), len(sent[partition]))
			if !slices.Equal(valuesOf(stored[partition]), sent[partition]) || len(sent[partition]) == 0 {
				err = firstError(err, fmt.Errorf("%s: not what was sent", what))
			}
		}
		return err
	})
}

func main() {
	if len(os.Args) == 4 && os.Args[1] == "member" {
		if err := runMember(os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	codecs := map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}
	for _, codecName := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		check("records come back byte for byte, codec "+codecName, func(ctx context.Context) error {
			return checkCodec(ctx, codecName, codecs[codecName])
		})
	}
	check("topics are created, described, listed, grown and deleted", checkTopicLife)
	check("offsets are found by timestamp", checkOffsetsByTime)
	check("groups are described, listed and deleted", checkGroupAdministration)
	checkRefusals()
	exerciseGroup()
	check("committed offsets survive a restart, and the consumer goes on", checkOffsetsOverRestart)
	exerciseIdempotence()
	if failures > 0 {
		os.Exit(1)
	}
}
