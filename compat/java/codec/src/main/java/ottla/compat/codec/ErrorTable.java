package ottla.compat.codec;

import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.protocol.Errors;

/** Writes Kafka's error codes, one a line: code, name, whether its exception is retriable. */
public final class ErrorTable {
    private ErrorTable() {
    }

    public static void main(String[] args) {
        for (Errors error : Errors.values()) {
            boolean retriable = error.exception() instanceof RetriableException;
            System.out.println(error.code() + " " + error.name() + " " + retriable);
        }
    }
}
