// Prints tests/golden/zones.txt: what java.time says of time zones. java tests/golden/Zones.java
import java.time.*;
import java.util.*;

public class Zones {
    public static void main(String[] args) {
        String[] zones = {"Europe/Berlin", "America/New_York", "America/Los_Angeles",
                          "Australia/Lord_Howe", "Europe/Dublin", "Pacific/Apia",
                          "Asia/Kathmandu", "Asia/Kolkata", "America/Sao_Paulo",
                          "Africa/Johannesburg", "Pacific/Auckland", "America/St_Johns",
                          "+05:30", "UTC-3"};
        SplittableRandom random = new SplittableRandom(42);
        for (String name : zones) {
            ZoneId zone = ZoneId.of(name);
            List<Long> times = new ArrayList<>();
            for (int i = 0; i < 8; i++)  // 1700 to 2260
                times.add(random.nextLong(-8500000000L, 9100000000L));
            Instant at = Instant.parse("1960-01-01T00:00:00Z");
            for (int i = 0; i < 5; i++) {
                var next = zone.getRules().nextTransition(at.plusSeconds(i * 86400L * 5000));
                if (next == null) break;
                for (long d : new long[] {-1, 0, 1}) times.add(next.toEpochSecond() + d);
            }
            for (long t : times)
                System.out.printf("offset %s %d %d%n", name, t,
                        zone.getRules().getOffset(Instant.ofEpochSecond(t)).getTotalSeconds());
            // local times around the changes: a gap moves forward, of two the earlier
            for (long t : times)
                for (long d : new long[] {-3600, -1, 1800, 3599}) {
                    LocalDateTime local = LocalDateTime.ofEpochSecond(t, 0,
                            zone.getRules().getOffset(Instant.ofEpochSecond(t))).plusSeconds(d);
                    System.out.printf("local %s %d %d%n", name,
                            local.toEpochSecond(ZoneOffset.UTC), local.atZone(zone).toEpochSecond());
                }
        }
        for (String[] day : new String[][] {
                {"America/Sao_Paulo", "2018-11-04"}, {"America/Toronto", "1919-03-31"},
                {"Pacific/Apia", "2011-12-30"}, {"Asia/Beirut", "2022-03-27"},
                {"Europe/Berlin", "2024-03-31"}, {"America/Havana", "2024-11-03"}}) {
            LocalDate date = LocalDate.parse(day[1]);
            System.out.printf("day %s %d %d%n", day[0], date.toEpochDay(),
                    date.atStartOfDay(ZoneId.of(day[0])).toEpochSecond());
        }
    }
}
