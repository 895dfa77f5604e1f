package ddim.data;

import java.util.random.RandomGenerator;

/** An order of things that has nothing to do with theirs: Fisher and Yates' shuffle. */
final class Permutation {
  private Permutation() {}

  /** The numbers from 0 to {@code size - 1}, each once. */
  static int[] of(int size, RandomGenerator random) {
    int[] order = new int[size];
    for (int i = 0; i < size; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }
}
