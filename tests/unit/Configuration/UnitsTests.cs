using DaemonProxy.Configuration;
using Xunit;

namespace DaemonProxy.Tests.Configuration;

public sealed class UnitsTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("65536", 65_536)]
    [InlineData("512B", 512)]
    [InlineData("1K", 1_024)]
    [InlineData("64KB", 65_536)]
    [InlineData("64KiB", 65_536)]
    [InlineData("8mb", 8L << 20)]
    [InlineData(" 8 MiB ", 8L << 20)]
    [InlineData("1.5MiB", 1_572_864)]
    [InlineData(".5K", 512)]
    [InlineData("2G", 2L << 30)]
    [InlineData("1TiB", 1L << 40)]
    [InlineData("9223372036854775807", long.MaxValue)]
    public void Size_is_read_with_every_unit_as_a_power_of_1024(string text, long bytes)
    {
        Assert.True(Units.TryParseSize(text, out var read));
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("MiB")]
    [InlineData("-1")]
    [InlineData("8 parsecs")]
    [InlineData("8MiB/s")]
    [InlineData("1,5MB")]
    [InlineData("1.2.3")]
    [InlineData("0x10")]
    [InlineData("1e6")]
    [InlineData("9223372036854775808")]
    [InlineData("99999999999999999999999999999999999999999")]
    [InlineData("9000000TiB")]
    public void What_is_no_size_is_refused(string? text) => Assert.False(Units.TryParseSize(text, out _));

    [Fact]
    public void Fraction_of_a_byte_or_tick_is_rounded_up_so_that_something_never_becomes_off()
    {
        Assert.True(Units.TryParseSize("0.0001K", out var bytes));
        Assert.Equal(1, bytes);
        Assert.True(Units.TryParseDuration("0.00001ms", TimeSpan.FromSeconds(1), out var duration));
        Assert.Equal(1, duration.Ticks);
    }

    [Theory]
    [InlineData("5ms", 5)]
    [InlineData("0.5s", 500)]
    [InlineData("500us", 0.5)]
    [InlineData("500\u00b5s", 0.5)]
    [InlineData("500\u03bcs", 0.5)]
    [InlineData("2 S", 2_000)]
    [InlineData("2m", 120_000)]
    [InlineData("2min", 120_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("7", 7)]
    [InlineData("0", 0)]
    public void Duration_is_read_with_every_unit(string text, double milliseconds)
    {
        Assert.True(Units.TryParseDuration(text, TimeSpan.FromMilliseconds(1), out var read));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), read);
    }

    [Fact]
    public void Plain_number_counts_the_unit_that_the_caller_gives()
    {
        Assert.True(Units.TryParseDuration("1.5", TimeSpan.FromSeconds(1), out var read));
        Assert.Equal(TimeSpan.FromSeconds(1.5), read);
    }

    [Theory]
    [InlineData("5 parsecs")]
    [InlineData("-5ms")]
    [InlineData("ms")]
    [InlineData("00:00:05")]
    [InlineData("99999999999h")]
    public void What_is_no_duration_is_refused(string text) => Assert.False(Units.TryParseDuration(text, TimeSpan.FromSeconds(1), out _));

    [Theory]
    [InlineData("400KiB/s", 409_600)]
    [InlineData("400 KB /s", 409_600)]
    [InlineData("1.5MiB/S", 1_572_864)]
    [InlineData("0", 0)]
    [InlineData("0B/s", 0)]
    public void Rate_is_a_size_each_second(string text, long bytesPerSecond)
    {
        Assert.True(Units.TryParseRate(text, out var read));
        Assert.Equal(bytesPerSecond, read);
    }

    [Theory]
    [InlineData("400")]
    [InlineData("400/s")]
    [InlineData("400KiB")]
    [InlineData("/s")]
    [InlineData("400KiB/m")]
    [InlineData("-400KiB/s")]
    public void Rate_without_unit_or_second_is_refused(string text) => Assert.False(Units.TryParseRate(text, out _));

    [Theory]
    [InlineData(0, "0B")]
    [InlineData(1_023, "1023B")]
    [InlineData(65_536, "64KiB")]
    [InlineData(1_536, "1.5KiB")]
    [InlineData(8L << 20, "8MiB")]
    [InlineData((1L << 20) - 1, "1MiB")]
    [InlineData(1L << 30, "1GiB")]
    [InlineData(5L << 50, "5120TiB")]
    [InlineData(-1_024, "-1KiB")]
    public void Size_is_written_in_the_largest_unit_that_fits(long bytes, string text) => Assert.Equal(text, Units.FormatSize(bytes));

    [Theory]
    [InlineData(0, "0B/s")]
    [InlineData(409_600, "400KiB/s")]
    [InlineData(3L << 19, "1.5MiB/s")]
    [InlineData(4000 << 10, "4000KiB/s")]
    [InlineData(1234L << 20, "1234MiB/s")]
    [InlineData(12_345 << 10, "12.06MiB/s")]
    [InlineData(4_096_001, "3.91MiB/s")]
    public void Rate_is_written_in_whole_units_where_two_decimals_would_round_it(long rate, string text) =>
        Assert.Equal(text, Units.FormatRate(rate));

    [Theory]
    [InlineData(0, "0ms")]
    [InlineData(0.0005, "0.5us")]
    [InlineData(0.25, "250us")]
    [InlineData(4.875, "4.88ms")]
    [InlineData(5, "5ms")]
    [InlineData(500, "500ms")]
    [InlineData(1_500, "1.5s")]
    [InlineData(90_000, "90s")]
    [InlineData(120_000, "2m")]
    [InlineData(5_400_000, "90m")]
    [InlineData(604_800_000, "168h")]
    [InlineData(-5, "-5ms")]
    public void Duration_is_written_in_a_unit_that_people_read(double milliseconds, string text) =>
        Assert.Equal(text, Units.FormatDuration(TimeSpan.FromMilliseconds(milliseconds)));

    [Theory]
    [InlineData(5)]
    [InlineData(0.25)]
    [InlineData(90_000)]
    [InlineData(7_200_000)]
    public void What_is_written_is_read_again(double milliseconds)
    {
        var duration = TimeSpan.FromMilliseconds(milliseconds);
        Assert.True(Units.TryParseDuration(Units.FormatDuration(duration), TimeSpan.Zero, out var read));
        Assert.Equal(duration, read);
    }
}
