//! Where it runs. Linux says most of it in files; elsewhere `sysinfo` knows what there is.

use crate::result::Machine;
use std::num::NonZeroUsize;
use std::path::Path;
use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

/// This machine. What it does not tell is `unknown`, or nothing.
#[must_use]
pub fn machine() -> Machine {
    let refresh =
        RefreshKind::nothing().with_cpu(CpuRefreshKind::nothing()).with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(refresh).ok();
    let (cpu_file, memory_file) = (file("/proc/cpuinfo"), file("/proc/meminfo"));
    let brand = || Some(system.as_ref()?.cpus().first()?.brand().trim().to_owned()).filter(|brand| !brand.is_empty());
    let cpu = cpu_name(&cpu_file).or_else(brand).unwrap_or_else(|| "unknown".to_owned());
    let memory = || system.as_ref().map_or(0, System::total_memory);
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    Machine {
        name: file_name(&cpu, cores),
        cores,
        memory_bytes: memory_bytes(&memory_file).unwrap_or_else(memory),
        system: system_name([System::name().ok(), System::os_version().ok()], System::kernel_long_version().ok()),
        governor: governor(&file("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")),
        hypervisor: hypervisor(&cpu_file, &file("/sys/hypervisor/type"), &product()),
        cpu,
    }
}

/// What is in a file; nothing if it is not there, as most of these are on some systems.
fn file(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// What the firmware calls the machine: maker and product.
fn product() -> String {
    let word = |name: &str| file(Path::new("/sys/class/dmi/id").join(name)).trim().to_owned();
    format!("{} {}", word("sys_vendor"), word("product_name")).trim().to_owned()
}

/// The value of the first line `name : value`.
fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs.find(|(found, _)| found.trim() == name).map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
}

/// The processor's name in `/proc/cpuinfo`; those of ARM have none there.
fn cpu_name(cpu_file: &str) -> Option<String> {
    value(cpu_file, "model name").map(str::to_owned)
}

/// The main memory in `/proc/meminfo`.
fn memory_bytes(memory_file: &str) -> Option<u64> {
    let kibibytes = value(memory_file, "MemTotal")?.strip_suffix("kB")?.trim();
    kibibytes.parse::<u64>().ok()?.checked_mul(1_024)
}

/// The system with its version, then the kernel.
fn system_name(system: [Option<String>; 2], kernel: Option<String>) -> String {
    let system = system.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let names: Vec<String> = [system, kernel.unwrap_or_default()].into_iter().filter(|name| !name.is_empty()).collect();
    if names.is_empty() { "unknown".to_owned() } else { names.join(", ") }
}

fn governor(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|governor| !governor.is_empty())
}

/// What the machine runs on, if it is a virtual one: a processor of Intel or AMD says that it is, Xen has a file, and of
/// others there is the name that the firmware gives.
fn hypervisor(cpu_file: &str, hypervisor_file: &str, product: &str) -> Option<String> {
    const VIRTUAL: [&str; 9] =
        ["QEMU", "KVM", "VMware", "VirtualBox", "Virtual Machine", "Amazon EC2", "Google", "Xen", "OpenStack"];
    let flag = value(cpu_file, "flags").is_some_and(|flags| flags.split_whitespace().any(|flag| flag == "hypervisor"));
    let kind = hypervisor_file.trim();
    let is_known = VIRTUAL.iter().any(|name| product.contains(name));
    if !(flag || !kind.is_empty() || is_known) {
        return None;
    }
    let name = [product, kind].into_iter().find(|name| !name.is_empty());
    Some(name.unwrap_or("of an unknown kind").to_owned())
}

/// A part of a file's name: the processor without what all of them have in their names, and the number of cores.
fn file_name(cpu: &str, cores: usize) -> String {
    let cpu = cpu.split('@').next().unwrap_or_default().to_lowercase().replace("(r)", " ").replace("(tm)", " ");
    let words = cpu.split(|character: char| !character.is_ascii_alphanumeric());
    let is_name = |word: &&str| !word.is_empty() && !["cpu", "processor"].contains(word);
    let mut name = words.filter(is_name).collect::<Vec<_>>().join("-");
    if name.is_empty() {
        name.push_str("unknown");
    }
    format!("{name}-{cores}-core{}", if cores == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::{cpu_name, file_name, governor, hypervisor, machine, memory_bytes, system_name};

    const CPU: &str = "processor\t: 0\nmodel\t\t: 207\nmodel name\t: Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz\n\
                       flags\t\t: fpu sse hypervisor avx\n\nprocessor\t: 1\nmodel name\t: Another\n";

    #[test]
    fn files_of_linux_are_read() {
        assert_eq!(cpu_name(CPU).as_deref(), Some("Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz"));
        assert_eq!(cpu_name("processor\t: 0\nCPU implementer\t: 0x41\n"), None);
        assert_eq!(memory_bytes("MemTotal:       24684092 kB\nMemFree:  1 kB\n"), Some(24_684_092 * 1_024));
        assert_eq!(memory_bytes(""), None);
        assert_eq!((governor("performance\n").as_deref(), governor("")), (Some("performance"), None));
        let kernel = Some("Linux 6.1".to_owned());
        assert_eq!(system_name([Some("Debian".into()), Some("12".into())], kernel.clone()), "Debian 12, Linux 6.1");
        assert_eq!(system_name([None, None], kernel), "Linux 6.1");
        assert_eq!(system_name([None, None], None), "unknown");
    }

    #[test]
    fn a_virtual_machine_is_known_by_its_processor_or_its_product() {
        for (cpu, kind, product, expected) in [
            (CPU, "", "", Some("of an unknown kind")),
            (CPU, "", "Amazon EC2 m6i.large", Some("Amazon EC2 m6i.large")),
            ("", "xen\n", "", Some("xen")),
            ("", "", "QEMU QEMU Virtual Machine", Some("QEMU QEMU Virtual Machine")),
            ("flags\t: fpu sse\n", "", "LENOVO 20XW", None),
            ("", "", "", None),
        ] {
            assert_eq!(hypervisor(cpu, kind, product).as_deref(), expected, "{product}");
        }
    }

    #[test]
    fn the_name_of_a_file_has_small_letters_digits_and_hyphens() {
        for (cpu, cores, expected) in [
            ("Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz", 2, "intel-xeon-platinum-8375c-2-cores"),
            ("AMD Ryzen 7 PRO 5850U with Radeon Graphics", 16, "amd-ryzen-7-pro-5850u-with-radeon-graphics-16-cores"),
            ("Apple M3 Pro", 1, "apple-m3-pro-1-core"),
            ("unknown", 4, "unknown-4-cores"),
            ("../É (TM)", 4, "unknown-4-cores"),
        ] {
            assert_eq!(file_name(cpu, cores), expected);
        }
    }

    #[test]
    fn this_machine_has_a_name_and_memory() {
        let machine = machine();
        assert!(machine.memory_bytes > 0 && machine.cores > 0 && !machine.system.is_empty(), "{machine:?}");
        let fits = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-';
        assert!(machine.name.chars().all(fits), "{}", machine.name);
    }
}
