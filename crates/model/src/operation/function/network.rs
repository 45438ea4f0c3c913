//! Functions on address ranges in CIDR notation, of IPv4 and IPv6.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::operation::OperationError;
use crate::operation::function::arguments::Arguments;
use crate::operation::function::{FunctionEntry, reads_all};
use crate::value::Value;

pub(super) const FUNCTIONS: &[FunctionEntry] = &[
    reads_all(
        "cidrhost(range, number)",
        "Returns the address with this number in the range; a negative number counts from the end",
        [r#"cidrhost("10.30.0.0/16", 5)"#, r#""10.30.0.5""#],
        cidrhost,
    ),
    reads_all(
        "cidrnetmask(range)",
        "Returns the netmask of an IPv4 range",
        [r#"cidrnetmask("10.30.0.0/16")"#, r#""255.255.0.0""#],
        |call| match range(call)? {
            IpNet::V4(range) => Ok(range.netmask().to_string().into()),
            IpNet::V6(_) => Err(call.error(0, "must be an IPv4 range; IPv6 has no netmask")),
        },
    ),
    reads_all(
        "cidrsubnet(range, bits, number)",
        "Returns the range with this number among those that are `bits` bits narrower",
        [r#"cidrsubnet("10.30.0.0/16", 8, 2)"#, r#""10.30.2.0/24""#],
        cidrsubnet,
    ),
];

fn range(call: Arguments<'_>) -> Result<IpNet, OperationError> {
    let range: Option<IpNet> = call.text(0)?.parse().ok();
    let problem = || {
        call.error(
            0,
            "must be an address range in CIDR notation, such as `10.30.0.0/16`",
        )
    };
    range.map(|range| range.trunc()).ok_or_else(problem)
}

fn cidrhost(call: Arguments<'_>) -> Result<Value, OperationError> {
    let (range, number) = (range(call)?, i128::from(call.int(1)?));
    let bits = range.max_prefix_len() - range.prefix_len();
    let problem = || {
        call.error(
            1,
            &format!("is outside of the range, which has {bits} bits for addresses"),
        )
    };
    // 64 bits number every address that a whole number of the language can name.
    let count = 1_i128 << bits.min(64);
    if number >= count || number < -count {
        return Err(problem());
    }
    let base = if number < 0 {
        range.broadcast()
    } else {
        range.network()
    };
    let offset = if number < 0 { number + 1 } else { number };
    Ok(shifted(base, offset).to_string().into())
}

fn cidrsubnet(call: Arguments<'_>) -> Result<Value, OperationError> {
    let (range, bits, number) = (range(call)?, call.count(1)?, call.count(2)?);
    let max = range.max_prefix_len();
    let left = usize::from(max - range.prefix_len());
    if bits > left {
        let problem = format!("must be at most {left}, the bits that the range leaves for addresses");
        return Err(call.error(1, &problem));
    }
    if bits < 64 && number >> bits != 0 {
        return Err(call.error(2, &format!("does not fit the {bits} bits")));
    }
    let prefix = range.prefix_len() + bits as u8;
    let start = match prefix {
        // Without a prefix there is one subnet, and a shift by all bits would overflow.
        0 => range.network(),
        prefix => plus(range.network(), (number as u128) << (max - prefix)),
    };
    let subnet = IpNet::new(start, prefix).map_err(|_| call.error(1, "is too large"))?;
    Ok(subnet.to_string().into())
}

fn shifted(base: IpAddr, offset: i128) -> IpAddr {
    if offset < 0 {
        minus(base, offset.unsigned_abs())
    } else {
        plus(base, offset.unsigned_abs())
    }
}

fn plus(base: IpAddr, offset: u128) -> IpAddr {
    match base {
        IpAddr::V4(base) => Ipv4Addr::from(u32::from(base).wrapping_add(offset as u32)).into(),
        IpAddr::V6(base) => Ipv6Addr::from(u128::from(base).wrapping_add(offset)).into(),
    }
}

fn minus(base: IpAddr, offset: u128) -> IpAddr {
    match base {
        IpAddr::V4(base) => Ipv4Addr::from(u32::from(base).wrapping_sub(offset as u32)).into(),
        IpAddr::V6(base) => Ipv6Addr::from(u128::from(base).wrapping_sub(offset)).into(),
    }
}
