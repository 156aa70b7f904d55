package ottla.compat.codec;

import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.record.internal.BaseRecords;
import org.apache.kafka.common.record.internal.MemoryRecords;

/**
 * Fills Kafka's generated message classes with random values. Which fields a version has, and which
 * of them may be null, is read from the schema that each class carries for that version.
 */
final class RandomMessage {
    private static final String[] TEXTS = {
        "", "a", "topic-1", "__proto__", "gr\u00f6\u00dfe", "\u65e5\u672c\u8a9e", "\ud83d\ude42", "x".repeat(130), "\u00f6".repeat(70)
    };

    private final Random random;

    RandomMessage(long seed) {
        this.random = new Random(seed);
    }

    /** Kinds of values: the first few of each version are of the extreme kinds. */
    enum Shape { FULL, SPARSE, ANY }

    Object fill(Object message, short version, Shape shape) throws ReflectiveOperationException {
        Map<String, org.apache.kafka.common.protocol.types.Type> present = presentFields(message.getClass(), version);
        for (Field field : message.getClass().getDeclaredFields()) {
            if (Modifier.isStatic(field.getModifiers())) continue;
            org.apache.kafka.common.protocol.types.Type type = present.get(plain(field.getName()));
            if (type == null) continue;
            field.setAccessible(true);
            // Records have no default that can be written, so they are never left out where null is not legal.
            boolean mayLeaveOut = field.getType() != BaseRecords.class || type.isNullable();
            if (shape == Shape.SPARSE && mayLeaveOut && random.nextInt(2) == 0) continue;
            if (type.isNullable() && (shape == Shape.SPARSE || (shape == Shape.ANY && random.nextInt(4) == 0))) {
                field.set(message, null);
            } else {
                boolean isUnsigned = type == org.apache.kafka.common.protocol.types.Type.UINT16;
                Object value = isUnsigned ? random.nextInt(1 << 16)
                    : value(field.getType(), field.getGenericType(), version, shape);
                field.set(message, value);
            }
        }
        return message;
    }

    private static Map<String, org.apache.kafka.common.protocol.types.Type> presentFields(Class<?> type, short version)
            throws ReflectiveOperationException {
        Schema schema = ((Schema[]) type.getField("SCHEMAS").get(null))[version];
        Map<String, org.apache.kafka.common.protocol.types.Type> present = new HashMap<>();
        for (BoundField bound : schema.fields()) {
            if (bound.def.type instanceof TaggedFields tagged) {
                tagged.fields().values().forEach(field -> present.put(plain(field.name), field.type));
            } else {
                present.put(plain(bound.def.name), bound.def.type);
            }
        }
        return present;
    }

    /** Schemas write snake_case, classes camelCase: both lose what tells them apart. */
    private static String plain(String name) {
        return name.replace("_", "").toLowerCase(Locale.ROOT);
    }

    private Object value(Class<?> type, Type generic, short version, Shape shape) throws ReflectiveOperationException {
        if (type == boolean.class) return random.nextBoolean();
        if (type == byte.class) return (byte) random.nextInt();
        if (type == short.class) return (short) random.nextInt();
        if (type == int.class) return integer();
        if (type == long.class) return random.nextInt(3) == 0 ? (long) random.nextInt(100) : random.nextLong();
        if (type == double.class) return random.nextInt() / 16.0;
        if (type == String.class) return TEXTS[random.nextInt(TEXTS.length)];
        if (type == Uuid.class) return new Uuid(random.nextLong(), random.nextLong());
        if (type == byte[].class) return bytes();
        if (type == ByteBuffer.class) return ByteBuffer.wrap(bytes());
        if (type == BaseRecords.class) return MemoryRecords.readableRecords(ByteBuffer.wrap(bytes()));
        if (Collection.class.isAssignableFrom(type)) return collection(type, generic, version, shape);
        return fill(construct(type), version, shape);
    }

    private int integer() {
        return random.nextInt(3) == 0 ? random.nextInt(100) : random.nextInt();
    }

    private byte[] bytes() {
        byte[] bytes = new byte[new int[] {0, 1, 7, 40, 180}[random.nextInt(5)]];
        random.nextBytes(bytes);
        return bytes;
    }

    @SuppressWarnings("unchecked")
    private Object collection(Class<?> type, Type generic, short version, Shape shape) throws ReflectiveOperationException {
        Collection<Object> elements;
        Type elementType;
        if (type == List.class) {
            elements = new ArrayList<>();
            elementType = ((ParameterizedType) generic).getActualTypeArguments()[0];
        } else {
            elements = (Collection<Object>) construct(type);
            elementType = ((ParameterizedType) type.getGenericSuperclass()).getActualTypeArguments()[0];
        }
        int count = shape == Shape.FULL ? 1 + random.nextInt(2) : random.nextInt(3);
        for (int i = 0; i < count; i++) elements.add(value(unboxed((Class<?>) elementType), elementType, version, shape));
        return elements;
    }

    private static Class<?> unboxed(Class<?> type) {
        if (type == Integer.class) return int.class;
        if (type == Long.class) return long.class;
        if (type == Short.class) return short.class;
        if (type == Byte.class) return byte.class;
        return type;
    }

    static Object construct(Class<?> type) throws ReflectiveOperationException {
        Constructor<?> constructor = type.getDeclaredConstructor();
        constructor.setAccessible(true);
        return constructor.newInstance();
    }
}
