/*
 * InitProducerId (API 22), versions 0 to 5: a producer id for an idempotent producer. Version 3 lets a
 * producer name the id and epoch it has (KIP-360), 4 knows PRODUCER_FENCED (KIP-588), 5 TV2 (KIP-890).
 *
 * Transactions are not served: a transactional id is answered as by a broker whose transaction
 * coordinator is away, and FindCoordinator finds none either.
 */
import { MetadataStoreError } from "@ottla/coordinator";
import { Api, ErrorCode, type InitProducerIdRequest } from "@ottla/protocol";
import { defineHandler } from "../../request/handler.ts";

const NO_PRODUCER_ID = -1n;
const NO_PRODUCER_EPOCH = -1;
const FIRST_EPOCH = 0;

export const initProducerId = defineHandler({
  api: Api.InitProducerId,
  minVersion: 0,
  maxVersion: 5,
  async handle({ services }, request) {
    if (isMalformed(request)) return refuse(ErrorCode.INVALID_REQUEST);
    if (request.transactionalId !== null) {
      const isTimeoutValid = request.transactionTimeoutMs > 0;
      return refuse(
        isTimeoutValid
          ? ErrorCode.COORDINATOR_NOT_AVAILABLE
          : ErrorCode.INVALID_TRANSACTION_TIMEOUT,
      );
    }
    try {
      // An idempotent producer that lost track starts anew, whatever id it had.
      const producerId = await services.controller.nextProducerId();
      return { errorCode: ErrorCode.NONE, producerId, producerEpoch: FIRST_EPOCH };
    } catch (error) {
      if (!(error instanceof MetadataStoreError)) throw error;
      services.logger.error("could not hand out a producer id", { error: error.message });
      // The code with which Kafka says that no block of ids is to be had now; clients ask again.
      return refuse(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
    }
  },
});

/** An empty transactional id, or a producer id without its epoch, or the reverse. */
function isMalformed({
  transactionalId,
  producerId,
  producerEpoch,
}: InitProducerIdRequest): boolean {
  if (transactionalId === "") return true;
  return (producerId === NO_PRODUCER_ID) !== (producerEpoch === NO_PRODUCER_EPOCH);
}

function refuse(errorCode: number) {
  return { errorCode, producerId: NO_PRODUCER_ID, producerEpoch: NO_PRODUCER_EPOCH };
}
