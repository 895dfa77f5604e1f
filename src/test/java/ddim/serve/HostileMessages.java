package ddim.serve;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Messages that nobody should send: noise, and good ones with something broken. */
final class HostileMessages {
  private static final long[] NUMBERS = {
    0,
    1,
    -1,
    2,
    255,
    1000,
    1001,
    65536,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE,
    1L << 32,
    1L << 40,
    1L << 62,
    Long.MAX_VALUE,
    Long.MIN_VALUE
  };
  private static final double[] REALS = {
    0,
    -0.0,
    1,
    -1,
    0.5,
    1e-45,
    1e38,
    -1e308,
    Double.NaN,
    Double.POSITIVE_INFINITY,
    Double.NEGATIVE_INFINITY
  };
  private static final String[] TEXTS = {
    "",
    "clothes",
    "hats",
    "../clothes",
    "clothes/3",
    "/etc/passwd",
    "\0",
    "%s%n%d",
    "FP32",
    "INT64",
    "UINT8",
    "1",
    "-1",
    "99999999999999999999",
    "sample",
    "latent",
    "trajectory",
    "predict_noise",
    "seed",
    "steps",
    "eta",
    "x",
    "x0",
    "1,2,3",
    "\uD83D\uDE00",
    "a".repeat(100),
    "b".repeat(20_000)
  };
  private static final int MOST_COPIES = 500;

  private final Random random;

  HostileMessages(Random random) {
    this.random = random;
  }

  /** Something like {@code good}, or nothing like it. */
  byte[] like(Message good) {
    return switch (random.nextInt(10)) {
      case 0 -> noise(random.nextInt(300));
      case 1, 2 -> broken(good.toByteArray());
      case 3 -> broken(changed(good, 1 + random.nextInt(3)));
      default -> changed(good, 1 + random.nextInt(3));
    };
  }

  /** Any bytes. */
  byte[] noise(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  /** The bytes with some of them changed, lost or repeated. */
  private byte[] broken(byte[] good) {
    byte[] bytes = good.clone();
    for (int i = random.nextInt(4); i >= 0 && bytes.length > 0; i--) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(4)) {
        case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bytes[at] = (byte) random.nextInt();
        case 2 -> bytes = Arrays.copyOf(bytes, at);
        default -> {
          byte[] longer = Arrays.copyOf(bytes, bytes.length + at);
          System.arraycopy(bytes, 0, longer, bytes.length, at);
          bytes = longer;
        }
      }
    }
    return bytes;
  }

  private byte[] changed(Message good, int times) {
    Message.Builder message = good.toBuilder();
    for (int i = 0; i < times; i++) {
      change(message, 0);
    }
    return message.build().toByteArray();
  }

  /** Changes one field, of the message or of one inside of it. */
  private void change(Message.Builder message, int depth) {
    List<FieldDescriptor> fields = message.getDescriptorForType().getFields();
    if (fields.isEmpty()) {
      return;
    }
    List<FieldDescriptor> set = new ArrayList<>(message.getAllFields().keySet());
    FieldDescriptor field =
        set.isEmpty() || random.nextInt(4) == 0
            ? fields.get(random.nextInt(fields.size()))
            : set.get(random.nextInt(set.size()));
    if (field.isRepeated()) {
      changeList(message, field, depth);
    } else if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE && depth < 6) {
      Message.Builder inner = message.getField(field) instanceof Message m ? m.toBuilder() : null;
      if (inner == null || random.nextInt(10) == 0) {
        message.clearField(field);
        return;
      }
      change(inner, depth + 1);
      message.setField(field, inner.build());
    } else if (random.nextInt(8) == 0) {
      message.clearField(field);
    } else if (field.getJavaType() != FieldDescriptor.JavaType.MESSAGE) {
      message.setField(field, value(field));
    }
  }

  private void changeList(Message.Builder message, FieldDescriptor field, int depth) {
    int count = message.getRepeatedFieldCount(field);
    switch (random.nextInt(count == 0 ? 1 : 5)) {
      case 0 -> message.addRepeatedField(field, element(message, field));
      case 1 -> message.clearField(field);
      case 2 -> {
        Object copied = message.getRepeatedField(field, random.nextInt(count));
        for (int i = random.nextInt(MOST_COPIES); i > 0 && !field.isMapField(); i--) {
          message.addRepeatedField(field, copied);
        }
      }
      default -> {
        int at = random.nextInt(count);
        if (message.getRepeatedField(field, at) instanceof Message inner && depth < 6) {
          Message.Builder builder = inner.toBuilder();
          change(builder, depth + 1);
          message.setRepeatedField(field, at, builder.build());
        } else if (field.getJavaType() != FieldDescriptor.JavaType.MESSAGE) {
          message.setRepeatedField(field, at, value(field));
        }
      }
    }
  }

  private Object element(Message.Builder message, FieldDescriptor field) {
    return field.getJavaType() == FieldDescriptor.JavaType.MESSAGE
        ? message.newBuilderForField(field).build()
        : value(field);
  }

  private Object value(FieldDescriptor field) {
    return switch (field.getJavaType()) {
      case INT -> (int) NUMBERS[random.nextInt(NUMBERS.length)];
      case LONG -> NUMBERS[random.nextInt(NUMBERS.length)];
      case FLOAT -> (float) REALS[random.nextInt(REALS.length)];
      case DOUBLE -> REALS[random.nextInt(REALS.length)];
      case BOOLEAN -> random.nextBoolean();
      case STRING -> TEXTS[random.nextInt(TEXTS.length)];
      case BYTE_STRING -> ByteString.copyFrom(noise(random.nextInt(200)));
      case ENUM -> any(field.getEnumType().getValues());
      case MESSAGE -> throw new IllegalArgumentException("a message has no value");
    };
  }

  private EnumValueDescriptor any(List<EnumValueDescriptor> values) {
    return values.get(random.nextInt(values.size()));
  }
}
