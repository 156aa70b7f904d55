// What the broker must refuse, as franz-go reports it.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const overMaxMessageBytes = 1_500_000

func refusedWith(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return fmt.Errorf("got %v, expected %w", err, expected)
}

func checkUnknownTopic(ctx context.Context) error {
	client, err := newClient(kgo.UnknownTopicRetries(1))
	if err != nil {
		return err
	}
	defer client.Close()
	topic := name("nowhere")
	err = client.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: []byte("x")}).FirstErr()
	topics, listErr := kadm.NewClient(client).ListTopics(ctx)
	return firstError(refusedWith(err, kerr.UnknownTopicOrPartition), listErr, same("topic exists", topics.Has(topic), false))
}

func checkTooLarge(ctx context.Context) error {
	topic, err := createTopic(ctx, "large", 1)
	if err != nil {
		return err
	}
	client, err := newClient(kgo.ProducerBatchMaxBytes(4_000_000))
	if err != nil {
		return err
	}
	defer client.Close()
	value := make([]byte, overMaxMessageBytes)
	_, _ = rand.Read(value) // crypto/rand never fails; it ends the process instead.
	err = client.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: value}).FirstErr()
	ends, listErr := kadm.NewClient(client).ListEndOffsets(ctx, topic)
	end, _ := ends.Lookup(topic, 0)
	return firstError(refusedWith(err, kerr.MessageTooLarge), listErr, same("stored records", end.Offset, 0))
}

func checkOutOfRange(ctx context.Context) error {
	topic, err := createTopic(ctx, "range", 1)
	if err != nil {
		return err
	}
	start := map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().At(4711)}}
	client, err := newClient(kgo.ConsumePartitions(start), kgo.ConsumeResetOffset(kgo.NoResetOffset()), kgo.KeepRetryableFetchErrors())
	if err != nil {
		return err
	}
	defer client.Close()
	for ctx.Err() == nil {
		for _, fetchError := range client.PollFetches(ctx).Errors() {
			if errors.Is(fetchError.Err, kerr.OffsetOutOfRange) {
				return nil
			}
			err = fetchError.Err
		}
	}
	return fmt.Errorf("got %v, expected %w", err, kerr.OffsetOutOfRange)
}

// checkGeneration commits by hand: the client itself never uses a generation that is not its own.
func checkGeneration(ctx context.Context) error {
	topic, err := createTopic(ctx, "generation", 1)
	if err != nil {
		return err
	}
	groupID := name("generation")
	client, err := newClient(append(groupOptions(groupID, topic), kgo.DisableAutoCommit())...)
	if err != nil {
		return err
	}
	defer client.Close()
	memberID, generation := "", int32(-1)
	err = until(ctx, "joining the group", func() bool {
		polling, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()
		client.PollFetches(polling)
		memberID, generation = client.GroupMetadata()
		return generation > 0
	})
	if err != nil {
		return err
	}
	topics, err := kadm.NewClient(client).ListTopics(ctx, topic)
	if err != nil {
		return err
	}
	commit := func(memberID string, generation int32) error {
		partition := kmsg.NewOffsetCommitRequestTopicPartition()
		partition.Offset = 5
		requestTopic := kmsg.NewOffsetCommitRequestTopic()
		// Version 10 names the topic by its id, older versions by its name; the client picks the version.
		requestTopic.Topic, requestTopic.TopicID = topic, topics[topic].ID
		requestTopic.Partitions = []kmsg.OffsetCommitRequestTopicPartition{partition}
		request := kmsg.NewPtrOffsetCommitRequest()
		request.Group, request.MemberID, request.Generation = groupID, memberID, generation
		request.Topics = []kmsg.OffsetCommitRequestTopic{requestTopic}
		response, err := request.RequestWith(ctx, client)
		if err != nil {
			return err
		}
		return kerr.ErrorForCode(response.Topics[0].Partitions[0].ErrorCode)
	}
	return firstError(
		refusedWith(commit(memberID, generation+7), kerr.IllegalGeneration),
		refusedWith(commit("somebody-else", generation), kerr.UnknownMemberID),
		commit(memberID, generation))
}

func checkRefusals() {
	check("producing to an unknown topic is refused and does not create it", checkUnknownTopic)
	check("a record over the size limit is refused and not stored", checkTooLarge)
	check("a start offset out of range is reported", checkOutOfRange)
	check("commits under another generation or member are refused", checkGeneration)
}
