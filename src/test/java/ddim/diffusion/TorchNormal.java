package ddim.diffusion;

/**
 * The float32 standard normal stream of PyTorch's CPU generator, which the published numbers of
 * diffusers were made with; the recipe is written in scheduler-goldens.json.
 */
final class TorchNormal {
  private static final int N = 624;
  private static final int M = 397;
  private static final int BLOCK = 16;

  private final int[] state = new int[N];
  private int index = N;

  /** MT19937's init_genrand. */
  TorchNormal(int seed) {
    state[0] = seed;
    for (int i = 1; i < N; i++) {
      state[i] = 1812433253 * (state[i - 1] ^ (state[i - 1] >>> 30)) + i;
    }
  }

  /** One tensor; its number of elements must be a multiple of 16. */
  double[] next(int elements) {
    if (elements % BLOCK != 0) {
      throw new IllegalArgumentException(elements + " is not a multiple of " + BLOCK);
    }
    float[] uniform = new float[elements];
    for (int i = 0; i < elements; i++) {
      uniform[i] = (nextWord() & 0xFFFFFF) * 0x1p-24f;
    }
    double[] normal = new double[elements];
    for (int block = 0; block < elements; block += BLOCK) {
      for (int i = block; i < block + BLOCK / 2; i++) {
        float radius = (float) Math.sqrt(-2 * Math.log(1 - uniform[i]));
        float theta = (float) (2 * Math.PI * uniform[i + BLOCK / 2]);
        normal[i] = (float) (radius * Math.cos(theta));
        normal[i + BLOCK / 2] = (float) (radius * Math.sin(theta));
      }
    }
    return normal;
  }

  private int nextWord() {
    if (index == N) {
      for (int i = 0; i < N; i++) {
        int y = (state[i] & 0x80000000) | (state[(i + 1) % N] & 0x7FFFFFFF);
        state[i] = state[(i + M) % N] ^ (y >>> 1) ^ ((y & 1) == 0 ? 0 : 0x9908B0DF);
      }
      index = 0;
    }
    int y = state[index++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9D2C5680;
    y ^= (y << 15) & 0xEFC60000;
    return y ^ (y >>> 18);
  }
}
