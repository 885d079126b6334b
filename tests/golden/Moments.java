// Prints tests/golden/moments.txt: zone, expression, what java.time makes of it (UTC for times), by
// the calls that Spark makes (DateTimeUtils). java tests/golden/Moments.java
import java.time.*;
import java.time.temporal.*;
import java.util.*;

public class Moments {
    static SplittableRandom random = new SplittableRandom(11);

    static String stamp(Instant t) {
        String text = t.atOffset(ZoneOffset.UTC).toLocalDateTime().toString().replace('T', ' ');
        if (text.length() == 16) text += ":00";
        return text.contains(".") ? text.replaceAll("0+$", "") : text;
    }

    static void print(ZoneId zone, String sql, String type, Object value) {
        System.out.printf("%s\t%s\t%s: %s%n", zone, sql, type, value);
    }

    public static void main(String[] args) {
        String[] names = {"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
                          "Asia/Kathmandu", "America/Sao_Paulo"};
        String[] units = {"YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND"};
        for (String name : names) {
            ZoneId zone = ZoneId.of(name);
            for (int i = 0; i < 10; i++) {
                // around a change of the clocks, or anywhere
                Instant t = Instant.ofEpochSecond(random.nextLong(-1000000000L, 2000000000L));
                var next = zone.getRules().nextTransition(t);
                if (i % 2 == 0 && next != null)
                    t = next.getInstant().plusSeconds(random.nextLong(-90000, 90000));
                ZonedDateTime local = t.atZone(zone);
                LocalDateTime wall = local.toLocalDateTime();
                String lit = "TIMESTAMP '" + stamp(t) + "Z'";
                int months = random.nextInt(-30, 30), days = random.nextInt(-50, 50);
                long seconds = random.nextLong(-100000, 100000);
                print(zone, String.format("%s + INTERVAL '%d months %d days %d seconds'", lit, months,
                        days, seconds), "timestamp",
                        stamp(local.plusMonths(months).plusDays(days).plusSeconds(seconds).toInstant()));
                String unit = units[random.nextInt(units.length)];
                LocalDate day = wall.toLocalDate();
                ZonedDateTime cut = switch (unit) {
                    case "YEAR" -> day.withDayOfYear(1).atStartOfDay(zone);
                    case "QUARTER" -> day.with(IsoFields.DAY_OF_QUARTER, 1).atStartOfDay(zone);
                    case "MONTH" -> day.withDayOfMonth(1).atStartOfDay(zone);
                    case "WEEK" -> day.with(TemporalAdjusters.previousOrSame(DayOfWeek.MONDAY)).atStartOfDay(zone);
                    case "DAY" -> day.atStartOfDay(zone);
                    case "HOUR" -> local.truncatedTo(ChronoUnit.HOURS);
                    case "MINUTE" -> local.truncatedTo(ChronoUnit.MINUTES);
                    default -> local.truncatedTo(ChronoUnit.SECONDS);
                };
                print(zone, String.format("date_trunc('%s', %s)", unit, lit), "timestamp",
                        stamp(cut.toInstant()));
                Instant u = t.plusSeconds(random.nextLong(-200000000L, 200000000L));
                LocalDateTime other = u.atZone(zone).toLocalDateTime();
                long between = switch (unit) {
                    case "QUARTER" -> ChronoUnit.MONTHS.between(wall, other) / 3;
                    default -> ChronoUnit.valueOf(unit + "S").between(wall, other);
                };
                print(zone, String.format("timestampdiff(%s, %s, TIMESTAMP '%sZ')", unit, lit, stamp(u)),
                        "int64", between);
                print(zone, String.format("cast(%s as string)", lit), "string", "'"
                        + stamp(wall.toInstant(ZoneOffset.UTC)) + "'");
                print(zone, String.format("cast('%s' as timestamp)", stamp(wall.toInstant(ZoneOffset.UTC))),
                        "timestamp", stamp(wall.atZone(zone).toInstant()));
                print(zone, String.format("to_utc_timestamp('%sZ', '%s')", stamp(t), name), "timestamp",
                        stamp(LocalDateTime.ofInstant(t, ZoneOffset.UTC).atZone(zone).toInstant()));
                print(zone, String.format("cast(DATE '%s' as timestamp)", day), "timestamp",
                        stamp(day.atStartOfDay(zone).toInstant()));
                print(zone, String.format("weekofyear(%s)", lit), "int32", wall.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR));
                print(zone, String.format("extract(isoyear from %s)", lit), "int32", wall.get(IsoFields.WEEK_BASED_YEAR));
                print(zone, String.format("dayofyear(%s)", lit), "int32", wall.getDayOfYear());
                print(zone, String.format("last_day(%s)", lit), "date", day.with(TemporalAdjusters.lastDayOfMonth()));
                print(zone, String.format("next_day(%s, 'fri')", lit), "date", day.with(TemporalAdjusters.next(DayOfWeek.FRIDAY)));
            }
        }
    }
}
