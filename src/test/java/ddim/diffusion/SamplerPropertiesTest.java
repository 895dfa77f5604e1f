package ddim.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ddim.diffusion.Sampler.FinalAlphaBar;
import ddim.diffusion.ScheduleConfig.Kind;
import ddim.diffusion.StepTable.Column;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;

/** What holds for every valid combination of options. */
class SamplerPropertiesTest {
  private static final NoiseSchedule LINEAR = NoiseSchedule.of(ScheduleConfig.LINEAR_1000);

  @Provide
  Arbitrary<NoiseSchedule> schedules() {
    return Combinators.combine(
            Arbitraries.of(Kind.class),
            Arbitraries.integers().between(2, 300),
            Arbitraries.doubles().between(1e-5, 0.05).ofScale(5),
            Arbitraries.doubles().between(0, 0.1),
            Arbitraries.of(true, false))
        .as(
            (kind, trainSteps, start, more, zeroSnr) ->
                NoiseSchedule.of(
                    new ScheduleConfig(
                        kind, trainSteps, start, start + more, zeroSnr && kind != Kind.JSD)));
  }

  @Property
  void alphaBarFallsStrictlyFromOne(@ForAll("schedules") NoiseSchedule schedule) {
    for (int t = 0; t < schedule.trainSteps(); t++) {
      assertThat(schedule.alphaBar(t)).isLessThan(schedule.alphaBar(t - 1)).isNotNegative();
    }
  }

  @Property(tries = 3000)
  void tablesAreFiniteOrderedAndOfExactLength(
      @ForAll("schedules") NoiseSchedule schedule,
      @ForAll Solver solver,
      @ForAll @IntRange(min = 1, max = 4) int order,
      @ForAll Spacing spacing,
      @ForAll @DoubleRange(min = 0, max = 1) double share,
      @ForAll @DoubleRange(min = 0, max = 1) double eta,
      @ForAll boolean rederiveEps,
      @ForAll FinalAlphaBar finalAlphaBar,
      @ForAll Prediction prediction) {
    int steps = 1 + (int) (share * (schedule.trainSteps() - 1));
    Sampler sampler =
        Preset.DDIM
            .builder(steps)
            .solver(solver)
            .order(Math.min(order, solver.maxOrder()))
            .spacing(spacing)
            .eta(solver == Solver.DDIM ? eta : 0)
            .rederiveEps(rederiveEps)
            .finalAlphaBar(finalAlphaBar)
            .build();
    Assume.that(sampler.violations(schedule, prediction).isEmpty());

    StepTable table = sampler.table(schedule, prediction);

    assertThat(table.timestep(0)).isLessThan(schedule.trainSteps());
    for (int k = 1; k < table.length(); k++) {
      assertThat(table.timestep(k)).isBetween(0, table.timestep(k - 1) - 1);
    }
    if (spacing == Spacing.PAPER_QUAD) {
      assertThat(table.length()).isBetween(1, steps);
    } else {
      assertThat(table.length()).isEqualTo(steps);
    }
    if (finalAlphaBar == FinalAlphaBar.ONE && solver == Solver.DDIM) {
      int last = steps == table.length() ? steps - 1 : table.length() - 1;
      assertThat(table.get(last, Column.B)).isEqualTo(1);
      assertThat(table.get(last, Column.C)).isZero();
      assertThat(table.get(last, Column.SIGMA)).isZero();
    }
  }

  @Property
  void encodingTablesAreFiniteAndOfExactLength(
      @ForAll("schedules") NoiseSchedule schedule,
      @ForAll Solver solver,
      @ForAll @DoubleRange(min = 0, max = 1) double share,
      @ForAll FinalAlphaBar finalAlphaBar,
      @ForAll Prediction prediction) {
    int steps = 1 + (int) (share * (schedule.trainSteps() - 1));
    Sampler sampler =
        Preset.DDIM.builder(steps).solver(solver).finalAlphaBar(finalAlphaBar).build();
    Assume.that(sampler.encodeViolations(schedule, prediction).isEmpty());

    StepTable table = sampler.encodeTable(schedule, prediction);

    assertThat(table.length()).isEqualTo(steps);
    for (int k = 1; k < steps; k++) {
      assertThat(table.timestep(k)).isGreaterThanOrEqualTo(table.timestep(k - 1));
    }
  }

  @Property
  void sigmaIsLinearInEta(
      @ForAll @IntRange(min = 0, max = 999) int t,
      @ForAll @IntRange(min = -1, max = 998) int s,
      @ForAll @DoubleRange(min = 0, max = 1) double eta) {
    Assume.that(s < t);
    int sigma = Column.SIGMA.ordinal();
    double full = StepFormulas.ddim(LINEAR.alphaBar(t), LINEAR.alphaBar(s), 1)[sigma];

    assertThat(StepFormulas.ddim(LINEAR.alphaBar(t), LINEAR.alphaBar(s), eta)[sigma])
        .isCloseTo(eta * full, within(1e-15));
  }

  /** DDPM, eq. 6 and 7, between any two levels: beta = 1 - alphaBarT / alphaBarS. */
  @Property
  void etaOneWithEpsDerivedAgainIsDdpmsPosterior(
      @ForAll @IntRange(min = 0, max = 999) int t, @ForAll @IntRange(min = -1, max = 998) int s) {
    Assume.that(s < t);
    double alphaBarT = LINEAR.alphaBar(t);
    double alphaBarS = LINEAR.alphaBar(s);
    double beta = 1 - alphaBarT / alphaBarS;

    double[] step = StepFormulas.ddim(alphaBarT, alphaBarS, 1);
    StepFormulas.rederiveEps(step);

    assertThat(step[Column.A.ordinal()])
        .isCloseTo(Math.sqrt(1 - beta) * (1 - alphaBarS) / (1 - alphaBarT), within(1e-9));
    assertThat(step[Column.B.ordinal()])
        .isCloseTo(Math.sqrt(alphaBarS) * beta / (1 - alphaBarT), within(1e-9));
    assertThat(step[Column.C.ordinal()]).isZero();
    assertThat(Math.pow(step[Column.SIGMA.ordinal()], 2))
        .isCloseTo((1 - alphaBarS) / (1 - alphaBarT) * beta, within(1e-12));
  }
}
